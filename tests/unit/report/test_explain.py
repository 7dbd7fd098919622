"""What rules say for people: on a terminal, and as Markdown with whatever code is in it."""

from __future__ import annotations

from harness import faults
from harness.checks.catalogue import standard
from harness.report.explain import check_text, checks_markdown, fault_lines, rule_markdown, rule_text, rules_markdown
from tests.unit.report.audited import RULES

EXPLAINED = """\
CP101 clock-in-workflow (certain; broken)

Workflow code must not read the clock.

Why
  A replay reads another time.

Evidence
  The sandbox stops time.time.

Fix
  Use workflow.now().

Wrong
    at = time.time()

Right
    at = workflow.time()

To ignore it
  in one line, behind it or above it:
    # crashproof: ignore[CP101] the reason
  in one file:
    # crashproof: ignore-file[CP101] the reason
  everywhere, in [tool.crashproof.audit] of pyproject.toml:
    skip = ["CP101"]"""


def test_a_rule_says_why_what_to_write_and_how_to_ignore_it() -> None:
    assert rule_text(RULES[0]) == EXPLAINED
    assert "\x1b[" in rule_text(RULES[0], colour=True)


def test_code_keeps_its_fences() -> None:
    text = rule_markdown(RULES[1])
    assert '````python\npost("/note")  # ``` as it is\n````' in text


def test_the_page_of_all_rules_has_a_table_and_a_heading_for_each() -> None:
    page = rules_markdown(reversed(RULES))
    assert "| [CP101](#cp101-clock-in-workflow) | clock-in-workflow | certain |" in page
    assert "An effect \\| needs a key |" in page
    assert page.index("### CP101 clock-in-workflow") < page.index("## Activities") < page.index("### CP306")


def test_every_check_says_why_it_matters_and_what_is_right() -> None:
    page = checks_markdown(standard())
    for check in standard():
        assert check.why
        assert check.fix
        assert f"](#{check.name})" in page
        assert f"## {check.name}\n" in page
        assert check_text(check, width=1000).endswith(f"  crashproof run … --skip-check {check.name}")
        assert f"Why\n  {check.why}" in check_text(check, width=1000)


def test_a_fault_says_what_happens_and_what_a_right_agent_does() -> None:
    text = "\n".join(fault_lines(faults.named("kill-worker"), 100))
    assert text.startswith("  kill-worker\n")
    assert text.endswith("Made at every cut: before each message, and after the last.")
    assert "Source" not in text
    assert "    Source: RFC 9110" in "\n".join(fault_lines(faults.named("model-502"), 100))
