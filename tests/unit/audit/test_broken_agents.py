"""The agents in scenarios/broken meet a real run: it confirms what reading finds, and nothing in right ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.audit.confirm import with_evidence
from harness.records.audit_result import AuditFinding, AuditResult, Certainty
from scenarios.broken import right as scenarios
from scenarios.broken.right import LOOKALIKES
from tests import ROOT, TESTS
from tests.unit.audit.test_planted_in_source import AGENTS, FOUND, NOT_IN_THE_SOURCE

SHOWN = TESTS / "unit" / "audit" / "shown" / "broken.json"
"""The findings of a real run of all agents with planted bugs."""

NOT_BY_THIS_RUN = {("as_published", rule) for rule in ("CP209", "CP305", "CP407")} | {
    ("tool_loop_without_end", rule) for rule in ("CP601", "CP602")
}
NOT_BY_THIS_RUN |= {("approval_as_published", rule) for rule in ("CP205", "CP305", "CP404")}
NOT_BY_THIS_RUN |= {("deadlines", "CP101")}
"""What the run could not confirm: its faults make no model error for these agents, nobody pauses the one, and nobody
approves early for the other; a loop that is stopped after 15 s is far from the server's limits. It was made before
there were agents with deadlines."""


@cache
def told() -> AuditResult:
    return audit([ROOT / "scenarios" / "broken"], jobs=1)


@cache
def met() -> AuditResult:
    return with_evidence(told(), str(SHOWN), cwd=ROOT)


def by_agent(audited: AuditResult) -> Mapping[str, list[AuditFinding]]:
    found = defaultdict(list)
    for each in audited.findings:
        found[Path(each.place.file).stem].append(each)
    return found


@pytest.mark.parametrize("agent", FOUND)
def test_a_run_confirms_what_reading_found(agent: str) -> None:
    found = by_agent(met())[agent]
    confirmed = {each.rule for each in found if each.confirmed}
    assert {rule for rule in FOUND[agent] if (agent, rule) not in NOT_BY_THIS_RUN} <= confirmed
    assert all(each.certainty is Certainty.CERTAIN for each in found if each.confirmed)


@pytest.mark.parametrize("agent", NOT_IN_THE_SOURCE)
def test_what_reading_cannot_show_is_not_made_up_and_the_run_names_it(agent: str) -> None:
    assert [each.message for each in by_agent(told())[agent] if each.certainty is not Certainty.LOOK] == []
    assert agent in {each.source.split()[3].rstrip(",") for each in met().missed}


def test_what_a_rule_should_have_found_is_missed_under_its_name() -> None:
    missed = {(each.check, each.source.split()[3].rstrip(","), each.rule) for each in met().missed}
    assert ("retry-after-honoured", "bad_request_retried", "CP314") in missed


def test_right_agents_have_no_finding_that_is_certain_or_likely_before_and_after() -> None:
    right = sorted(file.stem for file in AGENTS.glob("right_*.py"))
    others = 2  # one holds the four around an approval, one those with a deadline
    assert len(right) == len({vars(scenarios)[name].worker for name in LOOKALIKES}) + others
    for audited in (told(), met()):
        found = by_agent(audited)
        wrong = [each for agent in right for each in found[agent] if each.certainty is not Certainty.LOOK]
        assert [f"{each.place.file}:{each.place.line} {each.rule}" for each in wrong] == []
