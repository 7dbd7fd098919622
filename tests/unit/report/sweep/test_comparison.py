"""Two runs compared: a finding is new, there still, mended, or was not looked for."""

from __future__ import annotations

from dataclasses import replace

from harness.records.sweep_result import SweepResult
from harness.records.verdict import Finding, Outcome
from harness.report.sweep.comparison import compared, comparison_row, comparison_text
from tests.unit.report.nasty import NASTY, harmless
from tests.unit.report.samples import FAILED, KILL, PASSED, TWICE, swept, verdict

LATE = Finding(check="recovers-in-time", message="it took 9 s", subject="trip")


def counts(now: SweepResult, before: SweepResult) -> dict[str, int]:
    return {name: len(each) for name, each in compared([now], [before]).groups.items() if each}


def test_what_only_one_of_two_finished_sweeps_has_is_new_or_mended() -> None:
    assert counts(FAILED, PASSED) == {"new": 1}
    assert counts(PASSED, FAILED) == {"mended": 1}
    assert counts(FAILED, FAILED) == {"still there": 1}


def test_a_finding_is_the_same_whatever_its_trial_and_its_numbers() -> None:
    again = replace(TWICE, message="charge happened 3 times, expected once")
    other = swept(verdict("55bb02", f"kill-server@{KILL.partition('@')[2]}", Outcome.FAIL, again))
    assert counts(other, FAILED) == {"still there": 1}
    assert counts(swept(verdict("9f3a2c", KILL, Outcome.FAIL, LATE)), FAILED) == {"new": 1, "mended": 1}


def test_a_sweep_that_ended_early_or_did_not_run_has_mended_nothing() -> None:
    for unfinished in (
        replace(PASSED, reason="the server did not start"),
        replace(PASSED, inapplicable="no time skipping"),
        replace(PASSED, scenario="another"),
        swept(verdict("1a2b3c", "baseline", Outcome.PASS), struck=()),
    ):
        assert counts(unfinished, FAILED) == {"not looked for": 1}, unfinished


def test_it_is_told_in_lines_and_in_rows() -> None:
    comparison = compared([FAILED], [PASSED])
    assert comparison_text(comparison, earlier="runs/a") == (
        "new             trip: effects-happen-once: charge happened 2 times, expected once (broken)\n"
        "Compared with runs/a: 1 new, 0 still there, 0 not looked for, 0 mended."
    )
    row = comparison_row(comparison, earlier="runs/a")
    assert {name: len(row[name]) for name in ("new", "still_there", "not_looked_for", "mended")} == {
        "new": 1,
        "still_there": 0,
        "not_looked_for": 0,
        "mended": 0,
    }
    assert row["new"][0]["trial"] == "9f3a2c"


def test_hostile_text_is_harmless() -> None:
    hurt = swept(verdict("9f3a2c", KILL, Outcome.FAIL, replace(TWICE, message=NASTY)), scenario=NASTY)
    assert harmless(comparison_text(compared([hurt], []), earlier=NASTY))
    assert len(comparison_text(compared([hurt], []), earlier=NASTY).splitlines()) == 2  # none looks like one of ours
