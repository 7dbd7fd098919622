"""A worker's answer to one workflow task of a recorded history, and when it can be asked for no further one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.protocol.v1 import Message
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.conditions import Mode
from harness.replay.door.frontend import WorkerAnswer
from harness.replay.door.replayable_run import RecordedTask, ReplayableRun, markers_of
from harness.temporal import marker
from harness.temporal.sdk_flags import Flags, flags_used
from harness.temporal.task_failure import is_blocked, is_unregistered

Kind = Literal["completed", "failed", "silent", "exited", "unasked"]
"""``completed``: the worker answered with commands. ``failed``: it failed the task. ``silent``: no answer in time; the
worker may be stuck, and should be started again. ``exited``: its process ended. ``unasked``: see ``failure``."""

RAN = "the worker ran a local activity that the history does not hold"
"""Note of an answer for which a local activity ran for real, which nobody can keep a worker from."""


@dataclass(frozen=True, kw_only=True)
class TaskAnswer:
    """What a worker answered to one workflow task.

    Attributes:
        mode: As which it was asked.
        started_event_id: Its WorkflowTaskStarted in the recorded history.
        kind: Whether there is an answer, and of which kind.
        commands: The commands of an answer that is ``completed``.
        messages: Its protocol messages: updates accepted, rejected, completed.
        failure: Why there is no such answer, in words; the worker's message where it failed the task.
        note: What is to be known of an answer that is ``completed``: a local activity ran for real, or the worker
            keeps no cache and so was asked cold.
        cause: Temporal's name of the cause, where the worker failed the task: ``NON_DETERMINISTIC_ERROR``.
        stack: The stack trace that the worker gave with the failure.
        seconds: From when it was offered to the answer.
        replayed: Whether the task was told as completed and its commands asked for one task later, so that results of
            local activities and branches of versioned changes are those of the recording. Protocol messages of such
            an answer are lost (SDK core makes none while it replays); their commands are there.
        given: Then, the ids of the recorded events that were given to the worker, so that the commands lack them:
            markers of local activities and patches, and the search attribute that lists patches.
        fetched: Whether the worker asked for the beginning of the history, so that it was not warm.
        unfinished: Whether a local activity still ran, so that more commands would have followed.
        queue: The task queue on which its history was handed out.
        flags: The flags of its SDK by which the worker answered, and that no task before named.
        on_core: Whether the SDK of the worker is built on SDK core.
    """

    mode: Mode
    started_event_id: int
    kind: Kind
    commands: tuple[Command, ...] = ()
    messages: tuple[Message, ...] = ()
    failure: str = ""
    note: str = ""
    cause: str = ""
    stack: str = ""
    seconds: float = 0.0
    replayed: bool = False
    given: tuple[int, ...] = ()
    fetched: bool = False
    unfinished: bool = False
    queue: str = ""
    flags: Flags = frozenset()
    on_core: bool = True

    @property
    def blocked(self) -> bool:
        """Whether it is failed because the workflow's code took too long; the thread that it holds may hold it on."""
        return self.kind == "failed" and is_blocked(self.failure)

    @property
    def unknown_type(self) -> bool:
        """Whether it is failed because the worker does not know the workflow type."""
        return self.kind == "failed" and is_unregistered(self.failure)

    @property
    def lost(self) -> bool:
        """Whether the worker process is of no more use: it ended, or may be stuck."""
        return self.kind in ("silent", "exited") or self.blocked


async def until_over(
    asked: AsyncGenerator[TaskAnswer, None],
    run: ReplayableRun,
    mode: Mode,
    *,
    limit: float,
    before: Sequence[TaskAnswer],
) -> list[TaskAnswer]:
    """Collect answers until one says that nothing more can be asked; the remaining tasks are told as ``unasked``.

    Args:
        asked: Asks for one task after the other.
        run: The history.
        mode: The mode in which it is asked.
        limit: Seconds after which nothing more is asked.
        before: Answers to the same history in other modes.
    """
    answers: list[TaskAnswer] = []
    over = next(filter(None, map(_over, before)), "")
    deadline = time.monotonic() + limit
    async with contextlib.aclosing(asked):
        while not over:
            answer = await anext(asked, None)
            if answer is None:
                return answers
            answers.append(answer)
            over = _over(answer) or _over_in_mode(answer)
            if not over and time.monotonic() > deadline:
                over = f"this history took longer than {limit:g} s"
    done = {answer.started_event_id for answer in answers}
    rest = (task for task in run.tasks if task.started_event_id not in done)
    return [*answers, *(unasked(task, mode, over) for task in rest)]


def _over(answer: TaskAnswer) -> str:
    """Say why nothing more of a history may be asked after an answer, or nothing."""
    if answer.lost or answer.unknown_type:
        return f"after the task of event {answer.started_event_id}: {answer.failure.partition(chr(10))[0]}"
    if answer.note == RAN:
        return f"at event {answer.started_event_id}, {RAN}"
    return ""


def _over_in_mode(answer: TaskAnswer) -> str:
    """Say why nothing more may be asked in the same mode: what failed once fails wherever it is replayed again."""
    if answer.kind == "failed" and not answer.replayed:
        return f"the worker fails the task of event {answer.started_event_id}, and whatever is replayed beyond it"
    return ""


def checked(answer: TaskAnswer) -> TaskAnswer:
    """Say so if the worker ran a local activity for real."""
    ran = markers_of(answer.commands) & marker.LOCAL_ACTIVITIES
    return replace(answer, note=RAN) if ran else answer


def heard(so_far: TaskAnswer, answer: WorkerAnswer) -> TaskAnswer:
    """Add what the worker said to an answer."""
    if isinstance(answer, rpc.RespondWorkflowTaskFailedRequest):
        return replace(
            so_far,
            kind="failed",
            failure=answer.failure.message,
            cause=WorkflowTaskFailedCause.Name(answer.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_"),
            stack=answer.failure.stack_trace,
        )
    # While a local activity still runs, its task is completed and a new one asked for.
    unfinished = answer.force_create_new_workflow_task
    return replace(
        so_far,
        kind="completed",
        commands=tuple(answer.commands),
        messages=tuple(answer.messages),
        failure="",
        note=RAN if unfinished else "",
        unfinished=unfinished,
        flags=flags_used(answer.sdk_metadata),
    )


def unasked(task: RecordedTask, mode: Mode, reason: str) -> TaskAnswer:
    """Return the answer of a task that is not asked."""
    return TaskAnswer(mode=mode, started_event_id=task.started_event_id, kind="unasked", failure=reason)
