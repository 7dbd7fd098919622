"""The history of a real server is held against that of the model: what time that passes adds does not count."""

from __future__ import annotations

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest

from harness.replay.explore.served_history import difference, in_the_model, until_failure
from tests.unit.replay.explore.worlds import first

STARTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
PASSED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED


def history(*kinds: EventType.ValueType) -> list[HistoryEvent]:
    return [HistoryEvent(event_id=number, event_type=kind) for number, kind in enumerate(kinds, 1)]


def test_events_of_time_that_passes_are_no_difference() -> None:
    assert difference(history(STARTED, SCHEDULED), history(STARTED, PASSED, SCHEDULED)) == ""


def test_another_event_is_told_with_both_names() -> None:
    said = difference(history(STARTED), history(STARTED, SCHEDULED))
    assert said == "event 2 is WorkflowTaskScheduled there, and nothing as explored"


def test_event_ids_in_commands_become_those_of_the_model() -> None:
    world = first()
    served = [*history(STARTED, PASSED)]
    served += [HistoryEvent(event_id=3, event_type=each.event_type) for each in world.events[1:2]]
    command = Command()
    command.request_cancel_activity_task_command_attributes.scheduled_event_id = 3
    answer = in_the_model(RespondWorkflowTaskCompletedRequest(commands=[command]), world, served)
    assert answer.commands[0].request_cancel_activity_task_command_attributes.scheduled_event_id == 2


def test_what_follows_a_failed_workflow_task_does_not_count() -> None:
    world = first()
    world.close = "task failed"
    served = [*world.events, HistoryEvent(event_id=len(world.events) + 1, event_type=SCHEDULED)]
    assert until_failure(served, world) == world.events
    world.close = None
    assert until_failure(served, world) == served
