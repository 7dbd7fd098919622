"""Remarks stay few: strikes at one point are one remark, and long lists say how much more there is."""

from __future__ import annotations

from dataclasses import replace

from harness.records.plan import Plan, Strike
from harness.records.sweep_result import UNFINISHED
from harness.records.verdict import Outcome, Verdict
from harness.report.sweep.remarks import incomplete, not_applicable, remarks, shared_notes
from tests.unit.report.samples import INAPPLICABLE, NO_MODEL, PASSED, STRIKE, several, swept


def test_a_few_unreachable_strikes_are_told_one_by_one() -> None:
    (strike,) = several().unreachable
    assert f"unreachable: {strike}" in remarks(several())


def test_pairs_are_told_with_those_whose_second_strike_had_no_place() -> None:
    pairs = tuple(Plan((STRIKE, Strike("kill-worker", f"before/{name}"))) for name in ("A", "B", "C"))
    tried = Verdict(trial="p", scenario="trip", plan=pairs[0], struck=True)
    found = swept(pairs=pairs, lone=pairs[1:2], pairs_asked=9)
    found = replace(found, verdicts=(*found.verdicts, tried), limit="too late")
    assert incomplete(found) == ["1 pair of strikes was not tried: too late"]
    assert remarks(found)[-2:] == [
        "1 of 3 pairs of strikes made",
        f"the second strike of a pair had no place after the first one: {pairs[1]}",
    ]
    assert "1 of 3 pairs of strikes made; the recoveries came to no more" in remarks(replace(found, limit=""))
    alone = replace(found, pairs=pairs[1:2], verdicts=swept().verdicts)
    assert incomplete(alone) == ["no second strike of a pair was made: the pairs show nothing"]
    assert alone.outcome is Outcome.UNKNOWN


def test_many_unreachable_strikes_are_told_point_by_point() -> None:
    strikes = tuple(
        Strike(fault, point) for point in ("before/A", "before/B") for fault in ("kill-worker", "reply-lost")
    )
    assert remarks(swept(unreachable=strikes))[1:] == [
        "unreachable: kill-worker, reply-lost at before/A",
        "unreachable: kill-worker, reply-lost at before/B",
    ]


def test_a_long_list_of_points_is_cut_short_and_says_so() -> None:
    strikes = tuple(Strike("kill-worker", f"before/Point{number}") for number in range(30))
    told = remarks(swept(unreachable=strikes))[1:]
    assert len(told) == 9
    assert told[-1] == "unreachable: 22 more points, listed in report.json"
    unsteady = remarks(swept(unsteady=tuple(strike.point for strike in strikes)))
    assert unsteady[-1] == (
        "not struck, since only one of two undisturbed runs reached it: 22 more points, listed in report.json"
    )


def test_faults_that_cannot_be_made_are_told_reason_by_reason_unless_told_elsewhere() -> None:
    reasons = {"model-429": NO_MODEL, "kill-server": "no disk", "model-400": NO_MODEL}
    assert not_applicable(reasons) == [
        f"not applicable: model-429, model-400: {NO_MODEL}",
        "not applicable: kill-server: no disk",
    ]
    found = swept(not_applicable=reasons)
    assert remarks(found, said=["model-429", "model-400"]) == ["not applicable: kill-server: no disk"]


def test_what_makes_a_sweep_unknown_as_a_whole_comes_first() -> None:
    assert incomplete(PASSED) == incomplete(INAPPLICABLE) == []
    untried = swept(cuts=(*PASSED.cuts, *several().cuts[1:]), limit="too late")
    assert incomplete(untried) == ["2 points were not tried: too late"]
    assert incomplete(replace(untried, reason=UNFINISHED, limit="")) == [UNFINISHED, "2 points were not tried"]
    assert incomplete(replace(untried, reason="no worker", struck=())) == ["nothing was swept: no worker"]
    missed = (STRIKE, Strike("kill-worker", "before/Other"))
    assert incomplete(swept(unreachable=missed)) == [
        "2 points could not be reached again: more than 10% of those that are known"
    ]
    assert incomplete(swept(reason="no worker", struck=())) == ["nothing was swept: no worker"]
    assert incomplete(swept(reason="unstable: it was FAIL and is PASS now")) == [
        "unstable: it was FAIL and is PASS now"
    ]
    assert incomplete(swept(cuts=(), struck=())) == ["nothing was swept: there was no point to strike"]
    assert incomplete(swept(cuts=(), struck=(), points_only=True)) == []
    assert remarks(replace(untried, gaps=("a file",)))[0] == incomplete(untried)[0]


def test_notes_that_hold_for_all_that_was_swept_are_shared() -> None:
    other = swept(notes=("only here", *PASSED.notes))
    assert shared_notes([INAPPLICABLE, PASSED, other]) == list(PASSED.notes)
    assert remarks(other, shared=PASSED.notes) == ["only here"]
    assert shared_notes([INAPPLICABLE]) == []
