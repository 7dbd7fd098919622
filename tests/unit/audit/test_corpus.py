"""The corpus: small agents with marked mistakes, and look-alikes that are right; found are exactly the marked lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.audit.audit import audit
from harness.audit.rules import RULES
from harness.records.audit_result import AuditResult
from tests import TESTS

CORPUS = TESTS / "unit" / "audit" / "corpus"
MARK = re.compile(r"#\s*finding:\s*(CP\d+(?:[ ,]+CP\d+)*)")


class Found(NamedTuple):
    """One finding, or one mark: the file below its snippet, the line, the rule."""

    file: str
    line: int
    rule: str


def snippets(kind: str) -> list[Path]:
    """Return the snippets of a kind: files, and folders of several modules."""
    found = (path for path in (CORPUS / kind).iterdir() if path.suffix == ".py" or path.is_dir())
    return sorted(path for path in found if path.name != "__pycache__")


def files_of(snippet: Path) -> list[Path]:
    return [snippet] if snippet.is_file() else sorted(snippet.rglob("*.py"))


def marked(snippet: Path) -> Iterator[Found]:
    for file in files_of(snippet):
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            if match := MARK.search(line):
                for rule in re.findall(r"CP\d+", match[1]):
                    yield Found(str(file.relative_to(snippet.parent)), number, rule)


def audited(snippet: Path) -> AuditResult:
    return audit([snippet], jobs=1)


def found_in(snippet: Path, told: AuditResult) -> set[Found]:
    return {
        Found(str(Path(each.place.file).resolve().relative_to(snippet.parent)), each.place.line, each.rule)
        for each in told.findings
    }


@pytest.mark.parametrize("snippet", [*snippets("bad"), *snippets("right")], ids=lambda path: path.stem)
def test_exactly_the_marked_lines_are_found(snippet: Path) -> None:
    told = audited(snippet)
    assert [error.message for error in told.errors] == []
    assert [file.reason for file in told.files if file.reason] == []
    found, expected = found_in(snippet, told), set(marked(snippet))
    assert sorted(expected - found) == [], "missed"
    assert sorted(found - expected) == [], "false"


def test_the_corpus_is_large_enough() -> None:
    assert len(snippets("bad")) >= 40
    assert len(snippets("right")) >= 20


def test_bad_snippets_are_marked_and_right_ones_are_not() -> None:
    assert [path.name for path in snippets("bad") if not any(marked(path))] == []
    assert [path.name for path in snippets("right") if any(marked(path))] == []


def test_every_rule_is_broken_by_some_snippet() -> None:
    broken = {mark.rule for path in snippets("bad") for mark in marked(path)}
    assert sorted({rule.id for rule in RULES} - broken) == []


def test_each_finding_tells_what_where_and_how_it_is_reached() -> None:
    told = audited(CORPUS / "bad" / "cp101_clock_in_other_module")
    (finding,) = (each for each in told.findings if each.rule == "CP101")
    assert finding.message == (
        "Workflow code calls time.monotonic(): a replay reads another time and may decide otherwise."
        " Use workflow.time()."
    )
    assert finding.workflow == "BudgetedAgent"
    assert finding.place.function == "elapsed"
    assert [(Path(step.file).name, step.what) for step in finding.path] == [
        ("workflows.py", "calls budget.used_up()"),
        ("budget.py", "calls elapsed()"),
    ]
