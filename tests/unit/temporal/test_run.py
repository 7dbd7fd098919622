"""What a history says of its run: the names that later events refer to, and tasks that nobody answered."""

from __future__ import annotations

from harness.temporal.run import WorkflowRun, run_of
from tests.replay.past import Past


def test_activities_are_known_by_the_event_that_scheduled_them() -> None:
    past = Past()
    past.task(("book", "1"), ("pay", "2"))
    assert dict(run_of(past.events).activities) == {5: ("1", "book"), 6: ("2", "pay")}


def test_a_task_that_was_not_completed_is_open_failed_or_timed_out() -> None:
    past = Past()
    completed = past.task()
    failed, timed_out, still_open = past.start_task(), past.start_task(), past.start_task()
    past.add("workflow_task_failed", started_event_id=failed)
    past.add("workflow_task_timed_out", started_event_id=timed_out)
    unanswered = run_of(past.events).unanswered
    assert completed not in unanswered
    assert dict(unanswered) == {failed: "failed", timed_out: "timed out", still_open: "open"}


def test_timeouts_and_names_are_those_of_the_first_event() -> None:
    past = Past()
    started = past.events[0].workflow_execution_started_event_attributes
    started.workflow_type.name = "Trip"
    started.task_queue.name = "travel"
    started.workflow_run_timeout.FromMilliseconds(1500)
    run = run_of(past.events)
    assert (run.workflow_type, run.task_queue, run.run_timeout) == ("Trip", "travel", 1.5)
    assert run_of([]) == WorkflowRun()
