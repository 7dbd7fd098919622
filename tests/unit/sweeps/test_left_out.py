"""What a limit left untried is told by fault."""

from __future__ import annotations

from dataclasses import replace

from harness.records.cut import Cut
from harness.records.point import Point
from harness.records.sweep_result import SweepResult
from harness.sweeps.left_out import left_in_words


def test_what_a_limit_left_is_told_by_fault_and_nothing_where_there_was_none() -> None:
    at = Point(position="before", door="wire", operation="Book", workflow="Trip")
    cuts = tuple(Cut(point=replace(at, occurrence=n), fault=f) for n in (1, 2) for f in ("kill-worker", "pause-worker"))
    result = SweepResult(scenario="trip", cuts=cuts, struck=(cuts[0].strike,), limit="--time-limit 1 was over")
    assert left_in_words(result) == ["Points that were left to try: 2 of pause-worker, 1 of kill-worker."]
    assert left_in_words(replace(result, limit="")) == []
    assert left_in_words(replace(result, struck=tuple(cut.strike for cut in cuts))) == []
