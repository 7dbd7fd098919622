"""What the time-skipping test server leaves out of the events of workflow tasks is filled in."""

from __future__ import annotations

from temporalio.api.history.v1 import (
    HistoryEvent,
    TimerStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
    WorkflowTaskStartedEventAttributes,
)

from harness.temporal.task_events import mend_task_events


def task(*, started_event_id: int, decided_by: int) -> list[HistoryEvent]:
    completed = WorkflowTaskCompletedEventAttributes(scheduled_event_id=2, started_event_id=started_event_id)
    timer = TimerStartedEventAttributes(timer_id="1", workflow_task_completed_event_id=decided_by)
    return [
        HistoryEvent(event_id=3, workflow_task_started_event_attributes=WorkflowTaskStartedEventAttributes()),
        HistoryEvent(event_id=4, workflow_task_completed_event_attributes=completed),
        HistoryEvent(event_id=5, timer_started_event_attributes=timer),
    ]


def test_a_completion_without_its_start_and_what_names_the_start_are_those_of_a_server() -> None:
    events = task(started_event_id=0, decided_by=3)
    mend_task_events(events)
    assert events == task(started_event_id=3, decided_by=4)


def test_what_a_server_wrote_stays_as_it_is() -> None:
    events = task(started_event_id=3, decided_by=4)
    mend_task_events(events)
    assert events == task(started_event_id=3, decided_by=4)
