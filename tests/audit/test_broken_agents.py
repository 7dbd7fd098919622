"""The agents in scenarios/broken: each planted bug is found by reading, or it is said why not; right ones are clean."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from harness import Scenario
from harness.audit.audit import audit
from harness.audit.evidence import with_evidence
from harness.audit.findings import Audited, AuditFinding, Severity
from scenarios.broken.right import LOOKALIKES

ROOT = Path(__file__).parent.parent.parent
AGENTS = ROOT / "scenarios" / "broken" / "agents"
SHOWN = Path(__file__).parent / "shown" / "broken.json"
"""The findings of a real run of all agents with planted bugs."""

FOUND: dict[str, tuple[str, ...]] = {
    "as_published": ("CP303", "CP305", "CP306", "CP403"),
    "bad_request_retried": ("CP407",),
    "checkpoint_ignored": ("CP308",),
    "checkpoint_off_by_one": ("CP312",),
    "client_retries": ("CP305",),
    "conversation_in_memory": ("CP310",),
    "cut_answer_accepted": ("CP313",),
    "draft_in_memory": ("CP310",),
    "early_approval_lost": ("CP205",),
    "effect_without_key": ("CP306",),
    "endless_retry": ("CP403",),
    "error_as_answer": ("CP311",),
    "key_per_attempt": ("CP306",),
    "key_shared": ("CP306",),
    "local_effect_without_key": ("CP306",),
    "memory_deduplication": ("CP306",),
    "misspelt_error": ("CP404",),
    "outage_without_end": ("CP403",),
    "plain_error_in_workflow": ("CP208",),
    "quota_retried": ("CP407",),
    "reply_lost_new_key": ("CP306",),
    "retry_after_ignored": ("CP314",),
    "retry_after_seconds_only": ("CP314",),
    "retry_in_retry": ("CP305",),
    "set_order": ("CP106",),
    "slow_beats": ("CP309",),
    "zombie_overwrites": ("CP306",),
}
"""Each planted bug that reading shows, with the rules that find it."""

UNSEEN = {
    "reservation_left": "that a reservation is to be given back when the trip fails is a rule of the business; nothing "
    "in the code says that one effect undoes another",
    "child_left_running": "a child that outlives its parent is right as often as wrong: ParentClosePolicy.ABANDON is "
    "there for it",
}
"""Each planted bug that reading cannot show, and why."""

NOT_BY_THIS_RUN = {("as_published", "CP305")}
"""What the run could not confirm: its faults make no model error for that agent, so its client never retries."""


@cache
def told() -> Audited:
    return audit([ROOT / "scenarios" / "broken"], jobs=1)


def by_agent(audited: Audited) -> Mapping[str, list[AuditFinding]]:
    found = defaultdict(list)
    for each in audited.findings:
        found[Path(each.place.file).stem].append(each)
    return found


def agent_of(scenario: Scenario) -> str:
    return shlex.split(str(scenario.worker))[-1].rpartition(".")[2]


def planted() -> dict[str, str]:
    """Return the agent of each scenario in which a bug is planted."""
    found = {}
    for file in sorted((ROOT / "scenarios" / "broken").glob("*.py")):
        module = import_module(f"scenarios.broken.{file.stem}")
        for name in getattr(module, "PLANTED", ()):
            found[name] = agent_of(getattr(module, name))
    return found


def test_the_table_has_every_planted_bug() -> None:
    assert {*planted().values()} == FOUND.keys() | UNSEEN.keys()
    assert not FOUND.keys() & UNSEEN.keys()


@pytest.mark.parametrize("agent", FOUND)
def test_a_planted_bug_is_found_by_reading(agent: str) -> None:
    found = by_agent(told())[agent]
    assert {*FOUND[agent]} <= {each.rule for each in found}, [each.message for each in found]


@pytest.mark.parametrize("agent", UNSEEN)
def test_what_reading_cannot_show_is_not_made_up(agent: str) -> None:
    assert [each.message for each in by_agent(told())[agent] if each.severity is not Severity.LOOK] == []


def test_right_agents_have_no_finding_that_is_certain_or_likely() -> None:
    right = sorted(file.stem for file in AGENTS.glob("right_*.py"))
    assert len(right) >= len(LOOKALIKES)
    found = by_agent(told())
    wrong = [f"{each.place.file}:{each.place.line} {each.rule}" for agent in right for each in found[agent]
             if each.severity is not Severity.LOOK]  # fmt: skip
    assert wrong == []


def test_a_run_confirms_each_planted_bug_that_was_found() -> None:
    found = by_agent(with_evidence(told(), str(SHOWN), cwd=ROOT))
    for agent, rules in FOUND.items():
        confirmed = {each.rule for each in found[agent] if each.confirmed}
        expected = {rule for rule in rules if (agent, rule) not in NOT_BY_THIS_RUN}
        assert expected <= confirmed, agent
        assert all(each.severity is Severity.CERTAIN for each in found[agent] if each.confirmed)


def test_a_run_confirms_nothing_in_right_agents_and_names_what_reading_cannot_show() -> None:
    audited = with_evidence(told(), str(SHOWN), cwd=ROOT)
    assert not [each for each in audited.findings if each.confirmed and "right_" in each.place.file]
    missed = {(each.check, each.source.split()[3].rstrip(","), each.rule) for each in audited.missed}
    assert {("gives-up-cleanly", agent, "") for agent in UNSEEN} <= missed
    assert ("retry-after-honoured", "bad_request_retried", "CP314") in missed
