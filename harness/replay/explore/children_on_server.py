"""Child workflows of a path that is walked on a real server: their workflow tasks are answered as the path says.

How a child ends, and what it sends to its parent, its own exploration has shown. So the parent alone is walked by the
worker. The child is a workflow of the server's, whose tasks are taken and answered here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import grpc
import grpc.aio
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.history.v1 import HistoryEvent

from harness.replay.explore.events import failure_of
from harness.replay.explore.move import Move
from harness.replay.explore.world import Declared, KnownOutcome, Pending, World
from harness.servers.frontend import Frontend

_LOOK_EVERY = 0.05  # seconds

_INITIATED = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
_STARTED = (EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED,)
_ENDED = (
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
)
_SIGNALED = (EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,)
_ASKED_AGAIN = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
"""A task that has timed out meanwhile; one that would close a child that has not heard yet of something."""


class ServedChildren:
    """Answers the workflow tasks of the children of one run. What they do is done once the parent's history has it.

    Args:
        frontend: The server.
        poll: Returns the next workflow task of a task queue; None for none.
        history: Returns the events of the parent.
    """

    def __init__(
        self,
        frontend: Frontend,
        *,
        poll: Callable[[str], Awaitable[Any]],
        history: Callable[[], Awaitable[list[HistoryEvent]]],
    ) -> None:
        self._frontend = frontend
        self._poll = poll
        self._history = history
        self._tasks: dict[str, Any] = {}

    def keep(self, task: Any) -> None:
        """Keep a workflow task that came while one of the parent was asked for."""
        self._tasks[task.workflow_execution.workflow_id] = task

    async def start(self, world: World) -> None:
        """Wait until a child has started, which the server does by itself."""
        await self._until_written(_STARTED, world)

    async def end(self, world: World, child: Pending, move: Move, outcome: KnownOutcome | None) -> None:
        """Have a child end.

        Args:
            world: The model before that.
            child: The child.
            move: How it ends.
            outcome: How it ends by itself, where it does.
        """
        await self._answer(world, child, _ending(child, move, outcome))
        await self._until_written(_ENDED, world)

    async def signal(self, world: World, sent: Declared) -> None:
        """Have a child send a signal to its parent."""
        child = next(each for each in world.pending.values() if each.subject == sent.sender)
        command = Command(command_type=CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION)
        attributes = command.signal_external_workflow_execution_command_attributes
        attributes.execution.CopyFrom(WorkflowExecution(workflow_id=world.workflow_id))
        attributes.signal_name = sent.name
        attributes.input.CopyFrom(Payloads.FromString(sent.input))
        await self._answer(world, child, command)
        await self._until_written(_SIGNALED, world)

    async def _until_written(self, kinds: Collection[EventType.ValueType], world: World) -> None:
        """Wait until the parent's history has one more of some events than the model."""
        known = sum(event.event_type in kinds for event in world.events)
        while sum(event.event_type in kinds for event in await self._history()) <= known:
            await asyncio.sleep(_LOOK_EVERY)

    async def _answer(self, world: World, child: Pending, command: Command) -> None:
        workflow_id = _id_there(world, child, await self._history())
        queue = child.attributes.task_queue.name or world.task_queue
        while True:
            task = self._tasks.pop(workflow_id, None) or await self._poll(queue)
            if task is None:
                continue
            if task.workflow_execution.workflow_id != workflow_id:
                self.keep(task)
                continue
            try:
                await self._frontend.call(
                    "RespondWorkflowTaskCompleted", task_token=task.task_token, commands=[command]
                )
            except grpc.aio.AioRpcError as error:
                if error.code() not in _ASKED_AGAIN:
                    raise
            else:
                return


def _ending(child: Pending, move: Move, outcome: KnownOutcome | None) -> Command:
    """Return the command with which a child closes."""
    failure = outcome.failure if outcome else None
    if move.kind == "cancelled":
        command = Command(command_type=CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION)
        command.cancel_workflow_execution_command_attributes.SetInParent()
    elif move.kind == "fail" or failure is not None:
        command = Command(command_type=CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION)
        command.fail_workflow_execution_command_attributes.failure.CopyFrom(failure or failure_of(child, move))
    else:
        command = Command(command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)
        attributes = command.complete_workflow_execution_command_attributes
        attributes.SetInParent()
        if outcome and outcome.result is not None:
            attributes.result.CopyFrom(outcome.result)
    return command


def _id_there(world: World, child: Pending, events: list[HistoryEvent]) -> str:
    """Return the workflow id that a child has on the server: one that is made up differs from run to run."""
    number = sum(event.event_type == _INITIATED and event.event_id < child.event_id for event in world.events)
    initiated = [event for event in events if event.event_type == _INITIATED]
    return initiated[number].start_child_workflow_execution_initiated_event_attributes.workflow_id
