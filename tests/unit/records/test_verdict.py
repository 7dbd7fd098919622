"""Outcomes order PASS < UNKNOWN < FAIL and compose by the worst; what shows nothing is never a pass."""

from __future__ import annotations

from itertools import product

import pytest

from harness.records.plan import Plan
from harness.records.verdict import EvidenceEntry, Finding, Judgement, Outcome, Severity, Verdict, worst

PASS, UNKNOWN, FAIL = Outcome.PASS, Outcome.UNKNOWN, Outcome.FAIL


def verdict(*outcomes: Outcome | None, struck: bool = True, reason: str = "") -> Verdict:
    judgements = tuple(Judgement(check=f"check-{number}", outcome=found) for number, found in enumerate(outcomes))
    return Verdict(trial="t", scenario="s", plan=Plan(), struck=struck, reason=reason, judgements=judgements)


def test_the_order_and_the_exit_statuses() -> None:
    assert sorted([FAIL, PASS, UNKNOWN], key=lambda outcome: outcome.rank) == [PASS, UNKNOWN, FAIL]
    assert [outcome.exit_status for outcome in (PASS, FAIL, UNKNOWN)] == [0, 1, 3]


def test_the_worst_of_any_two_and_of_none() -> None:
    for one, other in product(Outcome, repeat=2):
        assert worst([one, other]).rank == max(one.rank, other.rank)
    assert worst([]) is UNKNOWN


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (verdict(PASS, PASS), PASS),
        (verdict(PASS, None), PASS),
        (verdict(PASS, UNKNOWN), UNKNOWN),
        (verdict(FAIL, UNKNOWN), FAIL),
        (verdict(), UNKNOWN),
        (verdict(None, None), UNKNOWN),
        (verdict(PASS, struck=False), UNKNOWN),
        (verdict(PASS, reason="the worker exited"), UNKNOWN),
        (verdict(FAIL, struck=False), FAIL),
    ],
)
def test_a_verdict_is_its_worst_judgement(found: Verdict, outcome: Outcome) -> None:
    assert found.outcome is outcome


def test_what_fails_is_as_bad_as_was_asked_for() -> None:
    assert [severity for severity in Severity if severity.fails(Severity.BROKEN)] == [Severity.BROKEN]
    assert [severity for severity in Severity if severity.fails(Severity.RISKY)] == [Severity.BROKEN, Severity.RISKY]
    assert [severity for severity in Severity if severity.fails(Severity.WASTEFUL)] == list(Severity)
    assert Finding(check="of-an-older-run", message="no").how_bad is Severity.BROKEN


def test_a_finding_is_known_by_check_and_subject_alone() -> None:
    shown = (EvidenceEntry(words=("a",)),)
    one = Finding(check="effects-happen-once", message="twice at 12:00", subject="charge", evidence=shown)
    assert one.id == Finding(check="effects-happen-once", message="three times", subject="charge").id
    assert one.id != Finding(check="effects-happen-once", message="twice at 12:00", subject="mail").id
    assert one.id != Finding(check="effect-key-stable", message="twice at 12:00", subject="charge").id
    assert len(one.id) == 6


def test_findings_are_those_of_all_checks() -> None:
    first, second = (Finding(check=name, message="no") for name in ("a", "b"))
    found = Verdict(
        trial="t",
        scenario="s",
        plan=Plan(),
        struck=True,
        judgements=(
            Judgement(check="a", outcome=FAIL, findings=(first,)),
            Judgement(check="ok", outcome=PASS),
            Judgement(check="b", outcome=FAIL, findings=(second,)),
        ),
    )
    assert found.findings == (first, second)
