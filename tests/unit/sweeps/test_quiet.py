"""What a trial comes to in quiet counts, unless it hides what was found under load."""

from __future__ import annotations

import pytest

from harness.records.plan import Plan
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from harness.sweeps.quiet import after_quiet, difference

SLOW = "a busy machine kept the rig waiting for 9.0 s of 10.0 s"
FAILED = Judgement(check="once", outcome=Outcome.FAIL, findings=(Finding(check="once", message="charged twice"),))


def verdict(outcome: Outcome, *, slow: str = "") -> Verdict:
    judgement = FAILED if outcome is Outcome.FAIL else Judgement(check="once", outcome=outcome)
    return Verdict(trial="t", scenario="s", plan=Plan(), struck=True, judgements=(judgement,), slow=slow)


@pytest.mark.parametrize(
    ("loaded", "again", "in_the_end"),
    [
        (Outcome.UNKNOWN, Outcome.PASS, Outcome.PASS),
        (Outcome.UNKNOWN, Outcome.FAIL, Outcome.FAIL),
        (Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.UNKNOWN),
        (Outcome.FAIL, Outcome.FAIL, Outcome.FAIL),
        (Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN),
    ],
)
def test_what_it_comes_to_in_the_end(loaded: Outcome, again: Outcome, in_the_end: Outcome) -> None:
    assert after_quiet(verdict(loaded, slow=SLOW), verdict(again)).outcome is in_the_end


def test_a_difference_is_told_with_both_outcomes_and_none_where_there_is_none() -> None:
    loaded, again = verdict(Outcome.UNKNOWN, slow=SLOW), verdict(Outcome.PASS)
    assert difference(loaded, again) == (
        f"Unstable under load: baseline was UNKNOWN ({SLOW}) and is PASS in quiet; "
        "the evidence under load is in under-load/t."
    )
    assert difference(loaded, loaded) == ""
