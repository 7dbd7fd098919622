"""Walks an explored path on a real server: what the path says happens there, in its order, and nothing else.

The worker is the one that is explored, behind the same frontend. Each workflow task is taken from the server when the
path has one, handed to the worker with the server's own history, and the worker's answer goes to the server. Beside
it the model of the server walks the same path: where the server writes another event than the model, it does not
produce the path, and that is said.

The story of one step::

    1  what happens is done to the server: an activity task is taken and answered, a signal is sent, time passes
    2  the workflow task that follows is taken from the server, with its history
    3  the history is held against that of the model
    4  the worker answers, to the server and to the model
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType, UpdateWorkflowExecutionLifecycleStage, WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.door.frontend import WorkerAnswer
from harness.replay.explore.asking import write_failure
from harness.replay.explore.children_on_server import ServedChildren
from harness.replay.explore.commands import write_answer
from harness.replay.explore.events import after, failure_of
from harness.replay.explore.move import Move, Step
from harness.replay.explore.outcomes import TIMEOUTS
from harness.replay.explore.search import Search
from harness.replay.explore.served_history import difference, in_the_model, until_failure
from harness.replay.explore.story import history_json
from harness.replay.explore.worker import ExploredWorker, Lost
from harness.replay.explore.world import TASK_TIMEOUT_SECONDS, Declared, KnownOutcome, Pending, World
from harness.servers.clock import Clock
from harness.servers.frontend import Frontend

_TASK_LIMIT = 15.0  # seconds for a task that is due to be there
_SHORT = timedelta(seconds=1)  # what a timeout is cut down to that is to happen
_SHORT_POLL = 3.0  # seconds: the server takes no poll of a second
_LOOK_EVERY = 0.05  # seconds
_LONGEST = 60.0  # seconds for the timeouts and retries of one activity
_MOST_TASKS = 50


class NotProducedError(Exception):
    """The server does not produce the path, or cannot be made to; the message says where."""


@dataclass(frozen=True, kw_only=True)
class ServedPath:
    """What a path came to on a real server.

    Attributes:
        world: The model at its end.
        why_not: Where the server went another way; empty where it produced the whole path.
        history: The server's history of the last run.
    """

    world: World
    why_not: str
    history: bytes


class ServerWalk:
    """Walks one path of a workflow on a real server.

    Args:
        frontend: The server.
        clock: Lets time pass there; None: it cannot be asked to.
        worker: The worker.
        search: Knows how activities end: as the worker's own code has them end.
    """

    def __init__(self, frontend: Frontend, *, clock: Clock | None, worker: ExploredWorker, search: Search) -> None:
        self._frontend = frontend
        self._clock = clock
        self._worker = worker
        self._search = search
        self._tokens: dict[str, bytes] = {}
        self._workflow_id = self._run_id = ""
        self._requests = 0
        self._updates: list[asyncio.Task[Any]] = []
        poll = functools.partial(self._poll, "PollWorkflowTaskQueue")
        self._children = ServedChildren(frontend, poll=poll, history=self._history)

    async def walk(self, root: World, steps: Sequence[Step]) -> ServedPath:
        """Start the workflow, walk the path, and terminate what is left of it.

        Args:
            root: The world before the first step.
            steps: The path.
        """
        world, why_not, events = root, "", list[HistoryEvent]()
        self._workflow_id = root.workflow_id
        await self._start(root)
        try:
            for number, step in enumerate(steps, 1):
                try:
                    world = await self._step(world, step)
                except (NotProducedError, grpc.aio.AioRpcError) as error:
                    shown = error.details() if isinstance(error, grpc.aio.AioRpcError) else str(error)
                    why_not = f"step {number}, {' and '.join(move.words for move in step)}: {shown}"
                    break
            events = await self._history()
            if not why_not:
                why_not = difference(world.events, until_failure(events, world)) or await self._still_open(world)
        finally:
            for update in self._updates:
                update.cancel()
            with suppress(grpc.aio.AioRpcError):
                execution = WorkflowExecution(workflow_id=root.workflow_id)
                await self._frontend.call("TerminateWorkflowExecution", workflow_execution=execution)
        return ServedPath(world=world, why_not=why_not, history=history_json(events))

    async def _start(self, root: World) -> None:
        started = root.events[0].workflow_execution_started_event_attributes
        reply = await self._frontend.call(
            "StartWorkflowExecution",
            workflow_id=root.workflow_id,
            workflow_type=started.workflow_type,
            task_queue=TaskQueue(name=root.task_queue),
            input=started.input if started.HasField("input") else None,
            workflow_task_timeout=timedelta(seconds=TASK_TIMEOUT_SECONDS),
            identity="crashproof",
            request_id=str(uuid.uuid4()),
        )
        self._run_id = reply.run_id

    async def _step(self, world: World, step: Step) -> World:
        outcomes = await self._search.endings.of(world, step)
        later = after(world, step, outcomes=outcomes)
        if later.close is not None:
            raise NotProducedError("; ".join(later.unexplored) or later.close)
        for move in step:
            async with _limit(2 * _LONGEST, "it does not happen there"):
                await self._make(world, move, outcomes.get(move.subject))
        for _ in range(_MOST_TASKS):
            started = later.write_task_started()
            if not await self._one_task(later, started=started):
                await self._search.endings.learn(later)
                return later
        raise NotProducedError("a local activity that goes on and on")

    async def _one_task(self, world: World, *, started: int) -> bool:
        """Have the worker answer the workflow task that is due; tell whether the next one follows at once."""
        task = await self._task(world.task_queue)
        if task.workflow_execution.run_id != self._run_id and world.earlier:
            self._run_id = task.workflow_execution.run_id
        events = await self._history(upto=task.started_event_id)
        if differs := difference(world.events, events):
            raise NotProducedError(differs)
        answer = await self._worker.answer(task, events=events)
        if isinstance(answer, Lost):
            world.close, world.result = "lost", answer.reason
            await self._worker.start()
            return False
        await self._forward(answer, task.task_token)
        if isinstance(answer, rpc.RespondWorkflowTaskFailedRequest):
            write_failure(world, answer)
            return False
        write_answer(world, in_the_model(answer, world, events), started=started)
        return bool(answer.force_create_new_workflow_task)

    async def _forward(self, answer: WorkerAnswer, token: bytes) -> None:
        """Send the worker's answer to the server; each task is asked for, so nothing is to come with the reply."""
        fields: dict[str, Any] = {each.name: value for each, value in answer.ListFields()}
        fields.update(task_token=token, namespace=self._frontend.namespace)
        for name in ("sticky_attributes", "return_new_workflow_task", "worker_version_stamp", "deployment_options"):
            fields.pop(name, None)
        for command in fields.get("commands", ()):
            if command.HasField("schedule_activity_task_command_attributes"):
                command.schedule_activity_task_command_attributes.request_eager_execution = False
        await self._frontend.call(type(answer).__name__.removesuffix("Request"), **fields)

    async def _task(self, queue: str) -> Any:
        async with _limit(_TASK_LIMIT, "the server has no workflow task for it"):
            while True:
                reply = await self._poll("PollWorkflowTaskQueue", queue)
                if reply is not None and reply.workflow_execution.workflow_id == self._workflow_id:
                    return reply
                if reply is not None:
                    self._children.keep(reply)

    async def _poll(self, operation: str, queue: str, *, limit: float = _TASK_LIMIT) -> Any:
        try:
            reply = await self._frontend.call(
                operation, limit=limit, task_queue=TaskQueue(name=queue), identity="crashproof"
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
            return None
        return reply if reply.task_token else None

    async def _history(self, *, upto: int = 0) -> list[HistoryEvent]:
        """Return the events of the run that is walked, up to one of them."""
        execution = WorkflowExecution(workflow_id=self._workflow_id, run_id=self._run_id)
        events, token = list[HistoryEvent](), b""
        while True:
            reply = await self._frontend.call("GetWorkflowExecutionHistory", execution=execution, next_page_token=token)
            events += reply.history.events
            token = reply.next_page_token
            if not token:
                return [event for event in events if not upto or event.event_id <= upto]

    async def _make(self, world: World, move: Move, outcome: KnownOutcome | None) -> None:
        """Have one thing happen on the server."""
        match move.kind:
            case "begin" | "deliver":
                pass  # the server does it by itself
            case "start":
                await self._children.start(world)
            case "signal" | "twice":
                await self._signal(world, move)
            case "update":
                await self._update(world, move)
            case "terminate" | "expire" | "timeout" if not move.subject:
                raise NotProducedError("the workflow is closed unasked, which nothing is to be seen of")
            case "cancel":
                execution = WorkflowExecution(workflow_id=self._workflow_id)
                await self._frontend.call("RequestCancelWorkflowExecution", workflow_execution=execution)
            case "fire":
                await self._fire(_pending(world, move))
            case _ if _pending(world, move).kind == "activity":
                await self._end_activity(_pending(world, move), move, outcome)
            case "complete" | "fail" | "cancelled" if _pending(world, move).kind == "child":
                await self._children.end(world, _pending(world, move), move, outcome)
            case _:
                raise NotProducedError(f"it cannot be made there: {_pending(world, move).kind}")

    async def _signal(self, world: World, move: Move) -> None:
        sent = _due(world, move)
        if sent and sent.sender:
            await self._children.signal(world, sent)
            return
        self._requests += 1
        given = _declared(world, move)
        await self._frontend.call(
            "SignalWorkflowExecution",
            workflow_execution=WorkflowExecution(workflow_id=self._workflow_id),
            signal_name=move.subject,
            input=Payloads.FromString(given),
            request_id=f"{move.subject}-{self._requests}",
        )

    async def _update(self, world: World, move: Move) -> None:
        """Ask for an update, and wait until the server has it; it is answered in the workflow task that follows."""
        update_id = f"{move.subject}-{len(world.updates) + 1}"
        accepted = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
        execution = WorkflowExecution(workflow_id=self._workflow_id)
        asking = self._frontend.call(
            "UpdateWorkflowExecution",
            limit=_LONGEST,
            workflow_execution=execution,
            wait_policy=WaitPolicy(lifecycle_stage=accepted),
            request=Request(
                meta=Meta(update_id=update_id, identity="explore"),
                input=Input(name=move.subject, args=Payloads.FromString(_declared(world, move))),
            ),
        )
        self._updates.append(asked := asyncio.create_task(asking))
        while not (asked.done() or await self._has(UpdateRef(workflow_execution=execution, update_id=update_id))):
            await asyncio.sleep(_LOOK_EVERY)

    async def _has(self, update: UpdateRef) -> bool:
        with suppress(grpc.aio.AioRpcError):  # not yet
            await self._frontend.call("PollWorkflowExecutionUpdate", update_ref=update, wait_policy=WaitPolicy())
            return True
        return False

    async def _fire(self, timer: Pending) -> None:
        """Let time pass until a timer is due."""
        if self._clock is None:
            raise NotProducedError("this server cannot let time pass")
        events = await self._history()
        started = next(each for each in events if each.timer_started_event_attributes.timer_id == timer.type)
        length = started.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        begun = started.event_time.ToDatetime(tzinfo=UTC)
        left = begun + length - await self._clock.now(self._workflow_id)
        if left > timedelta():
            async with _limit(_LONGEST, "time does not pass there: something else is under way"):
                await self._clock.pass_time(self._workflow_id, left)

    async def _end_activity(self, pending: Pending, move: Move, outcome: KnownOutcome | None) -> None:
        """Take the task of an activity and have it end; again as long as the server makes further attempts."""
        async with _limit(_LONGEST, "the activity does not end there"):
            if move.kind == "timeout":
                await self._let_time_out(pending, move)
                return
            fails = move.kind == "fail" or bool(outcome and outcome.failure)
            while await self._is_pending(pending):
                token = await self._activity_token(pending)
                if token is not None:
                    await self._answer_activity(pending, token, move, outcome)
                    if not fails:
                        return

    async def _answer_activity(self, pending: Pending, token: bytes, move: Move, outcome: KnownOutcome | None) -> None:
        if move.kind == "cancelled":
            await self._frontend.call("RespondActivityTaskCanceled", task_token=token)
        elif move.kind == "fail":
            await self._frontend.call("RespondActivityTaskFailed", task_token=token, failure=failure_of(pending, move))
        elif outcome and outcome.failure:
            await self._frontend.call("RespondActivityTaskFailed", task_token=token, failure=outcome.failure)
        else:
            result = outcome.result if outcome else None
            await self._frontend.call("RespondActivityTaskCompleted", task_token=token, result=result)

    async def _let_time_out(self, pending: Pending, move: Move) -> None:
        """Answer nothing, and have the server's own timeout happen soon, as after the loss of a worker process."""
        name, starts = TIMEOUTS[move.detail], move.detail != "schedule-to-start"
        if starts:
            await self._activity_token(pending)
        options = ActivityOptions()
        getattr(options, name).FromTimedelta(_SHORT)
        await self._frontend.call(
            "UpdateActivityOptions",
            execution=WorkflowExecution(workflow_id=self._workflow_id, run_id=self._run_id),
            id=pending.attributes.activity_id,
            activity_options=options,
            update_mask=FieldMask(paths=[name]),
        )
        while await self._is_pending(pending):
            if starts:
                await self._activity_token(pending, limit=_SHORT_POLL)
            await asyncio.sleep(_LOOK_EVERY)

    async def _activity_token(self, pending: Pending, *, limit: float = _TASK_LIMIT) -> bytes | None:
        """Return the token of the attempt that runs, after taking it from the server if need be."""
        activity_id = pending.attributes.activity_id
        if activity_id not in self._tokens:
            reply = await self._poll("PollActivityTaskQueue", pending.attributes.task_queue.name, limit=limit)
            if reply is not None:
                self._tokens[reply.activity_id] = reply.task_token
        return self._tokens.pop(activity_id, None)

    async def _is_pending(self, pending: Pending) -> bool:
        execution = WorkflowExecution(workflow_id=self._workflow_id, run_id=self._run_id)
        described = await self._frontend.call("DescribeWorkflowExecution", execution=execution)
        return any(each.activity_id == pending.attributes.activity_id for each in described.pending_activities)

    async def _still_open(self, world: World) -> str:
        """Say what is under way of a run that is said to wait for nothing that comes; empty where nothing is."""
        execution = WorkflowExecution(workflow_id=self._workflow_id, run_id=self._run_id)
        described = await self._frontend.call("DescribeWorkflowExecution", execution=execution)
        is_open = described.workflow_execution_info.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
        closes = world.close in ("completed", "failed", "cancelled")
        if is_open == closes:
            return f"the workflow is {'still open' if is_open else 'closed'} there"
        return ""


@asynccontextmanager
async def _limit(seconds: float, reason: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise NotProducedError(reason) from None


def _due(world: World, move: Move) -> Declared | None:
    """Return the signal or update that a move sends; None where it sends nothing that is still declared."""
    firsts = (group[0] for group in world.sends if group)
    return next((each for each in firsts if (each.kind, each.name) == (move.kind, move.subject)), None)


def _pending(world: World, move: Move) -> Pending:
    for each in world.pending.values():
        if each.subject == move.subject:
            return each
    raise NotProducedError("it is not under way there")


def _declared(world: World, move: Move) -> bytes:
    """Return the arguments that a signal or update comes with."""
    if move.kind == "twice":
        kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        before = next(each for each in reversed(world.events) if each.event_type == kind)
        return before.workflow_execution_signaled_event_attributes.input.SerializeToString()
    sent = _due(world, move)
    assert sent is not None
    return sent.input
