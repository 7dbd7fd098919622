"""Recovery times are drawn by fault against what the declared timeouts allow."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.records.verdict import Outcome, TimeTaken, Verdict
from harness.report.html.page import html
from harness.report.html.recovery_times import WIDTH, recovery_times
from harness.report.sweep.source import sweep_report
from tests.unit.report.samples import FAILED, KILL, POINT, verdict


def recovered(trial: str, plan: str, took: float, allowed: float = 40.0) -> Verdict:
    """Return a trial whose work went on after so many seconds."""
    judged = verdict(trial, plan, Outcome.PASS)
    times = (TimeTaken(took=took, allowed=allowed),)
    in_time = replace(judged.judgements[0], check="recovers-in-time", times=times)
    return replace(judged, judgements=(*judged.judgements, in_time))


VERDICTS = [
    verdict("000001", "baseline", Outcome.PASS),
    recovered("000002", KILL, 2.0),
    recovered("000003", KILL, 4.0),
    recovered("000004", f"reply-lost@{POINT.id}", 60.0),
    recovered("000005", f"{KILL},reply-lost@{POINT.id}", 39.0),
]


def test_each_fault_has_its_times_and_who_came_nearest_to_its_bound_is_first() -> None:
    late, killed = recovery_times(VERDICTS)
    assert (late.fault, late.strikes, late.longest) == ("reply-lost", 1, TimeTaken(took=60.0, allowed=40.0))
    assert (killed.fault, killed.strikes, killed.middle, killed.longest.took) == ("kill-worker", 2, 3.0, 4.0)
    assert [round(mark / killed.bound * 40) for mark in killed.marks] == [2, 4]
    assert all(mark < killed.bound for mark in killed.marks)
    assert late.bound < late.marks[0] <= WIDTH


def test_what_would_lie_on_one_spot_is_drawn_once() -> None:
    (row,) = recovery_times([recovered(f"{number:06x}", KILL, 2.0 + number / 10_000) for number in range(1000)])
    assert (row.strikes, len(row.marks)) == (1000, 1)


def test_the_page_shows_them_and_nothing_where_none_was_measured() -> None:
    page = html(sweep_report([FAILED]), sweeps=[replace(FAILED, verdicts=tuple(VERDICTS))])
    assert "60.0 s of 40.0 s" in page
    assert re.search(r'<td class="n mark FAIL">60\.0 s of', page)
    assert "Recovery times" not in html(sweep_report([FAILED]), sweeps=[FAILED])
