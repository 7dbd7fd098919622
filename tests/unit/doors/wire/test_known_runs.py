"""A run in the place of one that was reset does the same work under the same names."""

from __future__ import annotations

from itertools import pairwise

from harness.doors.wire.known_runs import KnownRun, Resets
from harness.records.point import Point

from .playing import Worker, activity


def test_a_reset_run_has_a_path_of_its_own_and_the_activities_of_the_one_before() -> None:
    worker = Worker()
    worker.attribution.starts(workflow="Trip", workflow_id="trip")
    worker.workflow_task()
    worker.decide(activity("1"), activity("2"))
    worker.attribution.resets.begins(worker.attribution.runs["r1"])
    assert worker.workflow_task("r2") == "before/PollWorkflowTaskQueue/Trip+1/attempt-1"
    # The first activity had been scheduled before the reset point: the next one of its type is still the second.
    assert worker.decide(activity("2"), run="r2").endswith("/Trip+1/ScheduleActivityTask-book.2/attempt-1")
    assert worker.activity_task("2", run="r2") == "before/PollActivityTaskQueue/Trip+1/book.2/attempt-1"
    assert worker.attribution.runs["r2"].root


def test_points_of_a_reset_run_are_those_of_the_run_that_was_reset() -> None:
    resets = Resets()
    runs = [KnownRun("trip", f"r{number}", path, True) for number, path in enumerate(("Trip", "Trip+1", "Trip+2"))]
    for before, after in pairwise(runs):
        resets.begins(before)
        resets.began(after)
    point = Point(position="before", door="wire", operation="PollWorkflowTaskQueue", workflow="Trip+2", attempt=1)
    assert resets.undone(point).workflow == "Trip"
    other = Point(position="before", door="wire", operation="PollWorkflowTaskQueue", workflow="Stay", attempt=1)
    assert resets.undone(other) is other


def test_a_run_after_a_refused_reset_is_one_that_goes_on() -> None:
    resets, first, second = Resets(), KnownRun("trip", "r1", "Trip", True), KnownRun("trip", "r2", "Trip+1", True)
    first.activities["1"] = ("book", 1)
    resets.begins(first)
    resets.is_refused(first)
    resets.began(second)
    assert second.activities == {}
