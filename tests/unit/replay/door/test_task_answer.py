"""What a worker's answer to a workflow task means, and when nothing more can be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.door.replayable_run import RecordedTask, ReplayableRun
from harness.replay.door.task_answer import RAN, TaskAnswer, checked, heard, until_over

SILENT = TaskAnswer(mode="cold", started_event_id=3, kind="silent", failure="no answer within 20 s")
DONE = TaskAnswer(mode="cold", started_event_id=3, kind="completed")
TASK = RecordedTask(
    scheduled_event_id=2,
    started_event_id=3,
    previous_started_event_id=0,
    completed_event_id=4,
    markers=frozenset(),
    messages=(),
)
RUN = ReplayableRun(
    workflow_id="w",
    run_id="r",
    workflow_type="Trip",
    task_queue="q",
    events=[],
    tasks=(TASK, replace(TASK, started_event_id=9), replace(TASK, started_event_id=15)),
)


async def asked(answers: Sequence[TaskAnswer]) -> AsyncGenerator[TaskAnswer, None]:
    for answer in answers:
        yield answer


async def collected(*answers: TaskAnswer, before: Sequence[TaskAnswer] = ()) -> list[tuple[int, str, str]]:
    rows = await until_over(asked(answers), RUN, "cold", limit=60.0, before=before)
    return [(each.started_event_id, each.kind, each.failure) for each in rows]


def test_a_completed_task_has_commands_and_a_failed_one_its_cause() -> None:
    command = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER)
    completed = heard(SILENT, rpc.RespondWorkflowTaskCompletedRequest(commands=[command]))
    assert (completed.kind, completed.commands, completed.failure) == ("completed", (command,), "")
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    failed = heard(SILENT, rpc.RespondWorkflowTaskFailedRequest(cause=cause, failure={"message": "no"}))
    assert (failed.kind, failed.cause, failed.failure) == ("failed", "NON_DETERMINISTIC_ERROR", "no")


def test_a_local_activity_that_ran_is_noted() -> None:
    unfinished = heard(SILENT, rpc.RespondWorkflowTaskCompletedRequest(force_create_new_workflow_task=True))
    assert (unfinished.unfinished, unfinished.note) == (True, RAN)
    marker = Command(
        command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
        record_marker_command_attributes={"marker_name": "core_local_activity"},
    )
    assert checked(replace(DONE, commands=(marker,))).note == RAN
    assert checked(DONE) is DONE


def test_a_worker_is_lost_when_it_is_silent_gone_or_blocked() -> None:
    blocked = replace(DONE, kind="failed", failure="[TMPRL1101] Potential deadlock detected")
    unknown = replace(DONE, kind="failed", failure="Workflow class Trip is not registered on this worker")
    assert [each.lost for each in (SILENT, replace(SILENT, kind="exited"), blocked, unknown, DONE)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert (unknown.unknown_type, blocked.unknown_type) == (True, False)


async def test_nothing_is_asked_after_a_worker_is_lost() -> None:
    why = "after the task of event 3: no answer within 20 s"
    assert await collected(SILENT, DONE) == [
        (3, "silent", "no answer within 20 s"),
        (9, "unasked", why),
        (15, "unasked", why),
    ]
    assert [row[1] for row in await collected(DONE, before=[SILENT])] == ["unasked"] * 3


async def test_all_is_asked_where_nothing_hinders() -> None:
    answers = [replace(DONE, started_event_id=number) for number in (3, 9, 15)]
    assert [row[:2] for row in await collected(*answers)] == [(3, "completed"), (9, "completed"), (15, "completed")]
