"""What a trial comes to in quiet counts, unless it hides what was found under load; not every one is run again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.plan import Plan, Strike
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from harness.sweeps.quiet import after_quiet, difference, found_undisturbed, is_confirmed, tried_first

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


def struck(*found: str, trial: str = "t", slow: str = SLOW, excused: bool = False) -> Verdict:
    judgements = [
        *(
            Judgement(check=check, outcome=Outcome.FAIL, findings=(Finding(check=check, message="m"),))
            for check in found
        ),
        Judgement(check="in-time", outcome=Outcome.UNKNOWN if excused else Outcome.PASS, excused=excused),
    ]
    plan = Plan((Strike("kill-worker", "before/Pay"),))
    return Verdict(trial=trial, scenario="s", plan=plan, struck=True, judgements=tuple(judgements), slow=slow)


UNDISTURBED = found_undisturbed([struck("once", slow=""), struck("twice", slow=SLOW), struck(slow="")])


@pytest.mark.parametrize(
    ("loaded", "confirmed"),
    [
        (struck("once"), True),
        (struck("twice"), False),
        (struck("once", "twice"), False),
        (struck("once", excused=True), False),
        (struck(excused=True), False),
        (replace(struck("once"), struck=False), False),
        (replace(struck("once"), plan=Plan()), False),
    ],
)
def test_what_load_cannot_have_made_is_not_run_again(loaded: Verdict, confirmed: bool) -> None:
    assert is_confirmed(loaded, UNDISTURBED) is confirmed


def test_of_trials_that_failed_alike_one_is_tried_first_and_each_that_did_not_fail() -> None:
    loaded = [
        struck("once", trial="1"),
        struck("once", trial="2"),
        struck("once", "twice", trial="3"),
        struck(excused=True, trial="4"),
        struck(excused=True, trial="5"),
        replace(struck("once", trial="6"), plan=Plan()),
    ]
    assert [each.trial for each in tried_first(loaded)] == ["1", "3", "4", "5", "6"]
