"""What a server writes for each command, and what is under way then."""

from __future__ import annotations

from temporalio.api.command.v1 import Command

from harness.replay.explore.commands import decided
from tests.unit.replay.explore.worlds import activity, answered, completion, first, kinds, payloads, taken, timer

BEGIN = "the first workflow task is handed out"


def test_an_answer_is_written_as_a_server_writes_it() -> None:
    world = answered(taken(first(), BEGIN), activity("book", attempts=2), timer("1", 30))
    assert kinds(world) == [
        "workflow_execution_started",
        "workflow_task_scheduled",
        "workflow_task_started",
        "workflow_task_completed",
        "activity_task_scheduled",
        "timer_started",
    ]
    scheduled = world.events[4].activity_task_scheduled_event_attributes
    assert (scheduled.workflow_task_completed_event_id, scheduled.retry_policy.maximum_attempts) == (4, 2)
    policy = scheduled.retry_policy
    filled = (policy.initial_interval.seconds, policy.backoff_coefficient, policy.maximum_interval.seconds)
    assert filled == (1, 2.0, 100)
    assert [each.kind for each in world.pending.values()] == ["activity", "timer"]
    assert [event.event_id for event in world.events] == list(range(1, 7))


def test_markers_keep_their_details() -> None:
    command = Command(command_type="COMMAND_TYPE_RECORD_MARKER")  # type: ignore[arg-type]
    command.record_marker_command_attributes.marker_name = "core_patch"
    command.record_marker_command_attributes.details["patch-data"].CopyFrom(payloads(b"{}"))
    world = answered(taken(first(), BEGIN), command)
    recorded = world.events[-1].marker_recorded_event_attributes
    assert recorded.details["patch-data"] == payloads(b"{}")


def test_a_workflow_that_continues_as_new_goes_on_in_its_next_run() -> None:
    command = Command(command_type="COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION")  # type: ignore[arg-type]
    command.continue_as_new_workflow_execution_command_attributes.input.CopyFrom(payloads(b"2"))
    world = answered(taken(first(), BEGIN), command)
    assert (world.close, world.begun, len(world.earlier)) == (None, False, 1)
    started = world.events[0].workflow_execution_started_event_attributes
    before = world.earlier[0][0].workflow_execution_started_event_attributes
    assert started.input == payloads(b"2")
    assert started.continued_execution_run_id == before.original_execution_run_id
    assert world.earlier[0][-1].HasField("workflow_execution_continued_as_new_event_attributes")


def test_an_unknown_command_is_said_and_ends_the_path() -> None:
    world = answered(taken(first(), BEGIN), Command())
    assert (world.close, world.unexplored) == ("left", ("the command COMMAND_TYPE_UNSPECIFIED",))


def test_decisions_are_the_same_whatever_was_decided_before() -> None:
    one, other = activity("book"), activity("book")
    other.schedule_activity_task_command_attributes.activity_id = "17"
    assert decided(one) == decided(other)
    assert decided(one) != decided(activity("book", attempts=3))


def test_the_result_closes_the_world() -> None:
    world = answered(taken(first(), BEGIN), completion(b'"done"'))
    assert (world.close, world.result) == ("completed", '"done"')
