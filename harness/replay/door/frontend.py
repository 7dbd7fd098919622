"""Plays the frontend of a Temporal server to workers: hands out workflow and activity tasks and takes the answers."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from temporalio.api.enums.v1 import NamespaceState, TaskQueueKind
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.certificate import Certificate
from harness.doors.wire.serving import GrpcServer, operation_of
from harness.replay.door.replayable_run import ReplayableRun
from harness.temporal.service import request_type, response_type

PAGE_EVENTS = 256
"""Events of one page of a history, as many as the server gives by default."""

_POLL_SECONDS = 50.0
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse with status SERVING
_NAMESPACE_ID = "00000000-0000-0000-0000-000000000000"

WorkerAnswer = rpc.RespondWorkflowTaskCompletedRequest | rpc.RespondWorkflowTaskFailedRequest


@dataclass(kw_only=True, eq=False)
class OfferedTask:
    """One workflow task to be handed out, and the worker's answer to it.

    Attributes:
        run: The run.
        events: Its history, from the first event on.
        end: Event id of the task's WorkflowTaskStarted, up to which the worker is told the history.
        known: How many of them the worker's cache has seen: they are not sent.
        previous_started_event_id: As the poll answer has it.
        messages: Update requests.
        queries: Queries that are to be answered with the task, by an id.
        keeps: Asked with the worker's answer: whether the worker keeps the run in its cache afterwards.
        answer: What the worker said.
        fetched: Whether the worker asked for the beginning of the history: it had not kept the run.
    """

    run: ReplayableRun
    events: Sequence[HistoryEvent]
    end: int
    known: int = 0
    previous_started_event_id: int = 0
    messages: Sequence[Message] = ()
    queries: Mapping[str, WorkflowQuery] = field(default_factory=dict)
    keeps: Callable[[rpc.RespondWorkflowTaskCompletedRequest], bool] = lambda answer: False
    answer: asyncio.Future[WorkerAnswer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    fetched: bool = False
    token: bytes = b""


@dataclass(kw_only=True, eq=False)
class OfferedExecution:
    """One activity or Nexus task to be executed by the worker's own code, and what came of it.

    Attributes:
        task: The poll answer; its token is filled in when it is offered.
        answer: What the worker said.
    """

    task: rpc.PollActivityTaskQueueResponse | rpc.PollNexusTaskQueueResponse
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ReplayFrontend:
    """Serves the WorkflowService to workers without a server behind it.

    An async context manager; ``address`` is known once entered.

    Workflow tasks come from ``offer`` alone, activity and Nexus tasks from ``offer_execution``, which replays never
    call. A run is evicted from the worker's cache by refusing its answer with
    INVALID_ARGUMENT "UnhandledCommand", which is what a server says when a signal arrived while the task was being
    answered: every SDK then drops the run and expects its whole history, and SDK core does not log it. Measured with a
    sandboxed Python worker: 25 ms of the worker's CPU time for a cold prefix of up to 29 events, nearly all of it for
    the new instance of the workflow; another run id for each task, which would let the runs stay in the cache, takes
    23 ms and shows in ``workflow.info()``.

    What the worker's program writes beside its tasks is acknowledged and forgotten, so that a program that is worker
    and starter in one goes on; what it starts never ends.

    Args:
        address: Fixed ``host:port`` to listen on; empty: a free port on 127.0.0.1.
        certificate: The certificate with which it speaks TLS; None: it speaks none.
    """

    def __init__(self, address: str = "", *, certificate: Certificate | None = None) -> None:
        self.normal_queues: dict[str, None] = {}
        self.execution_queues: dict[tuple[str, str], None] = {}
        self.started: list[rpc.StartWorkflowExecutionRequest] = []
        self.polled = asyncio.Event()
        self.sdk = ""
        self._executions: defaultdict[tuple[str, str], asyncio.Queue[OfferedExecution]] = defaultdict(asyncio.Queue)
        self._open_executions: dict[bytes, OfferedExecution] = {}
        self._offered: defaultdict[str, asyncio.Queue[OfferedTask]] = defaultdict(asyncio.Queue)
        self._open: dict[bytes, OfferedTask] = {}
        self._numbers = itertools.count(1)
        self._server = GrpcServer(address, certificate=certificate)

    async def __aenter__(self) -> ReplayFrontend:
        """Begin to listen.

        Raises:
            UsageError: The fixed address is taken.
        """
        await self._server.__aenter__()
        await self._server.serve(self._serve)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.__aexit__(*error)

    @property
    def address(self) -> str:
        """Host and port that the worker connects to; known once entered."""
        return self._server.address

    def offer(self, queue: str, offered: OfferedTask) -> None:
        """Hand a workflow task to the next poll of a task queue."""
        offered.token = f"replay-{next(self._numbers)}".encode()
        self._open[offered.token] = offered
        self._offered[queue].put_nowait(offered)

    def withdraw(self, offered: OfferedTask) -> None:
        """Forget a task that is answered or no longer waited for."""
        self._open.pop(offered.token, None)

    def offer_execution(self, queue: str, offered: OfferedExecution) -> None:
        """Hand an activity or Nexus task to the next poll of a task queue for such tasks."""
        offered.task.task_token = f"execution-{next(self._numbers)}".encode()
        self._open_executions[offered.task.task_token] = offered
        self._executions[type(offered.task).__name__, queue].put_nowait(offered)

    def withdraw_execution(self, offered: OfferedExecution) -> None:
        """Forget a task that is answered or no longer waited for."""
        self._open_executions.pop(offered.task.task_token, None)

    def queues_for(self, task: type[Any]) -> list[str]:
        """Return the task queues that are polled for tasks of a kind, which the type of the poll answer says."""
        return [queue for kind, queue in self.execution_queues if kind == task.__name__]

    def forget(self) -> None:
        """Forget what a worker that is gone had polled, and the tasks that were offered to it."""
        self.normal_queues.clear()
        self.execution_queues.clear()
        self.polled.clear()
        for forgotten in (self._offered, self._open, self._executions, self._open_executions):
            forgotten.clear()

    async def _serve(self, method: str, raw: bytes, context: Any) -> bytes:
        if method == "/grpc.health.v1.Health/Check":
            return _SERVING
        operation = operation_of(method)
        if not operation:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{method} is not there while histories are replayed")
        serve = _ANSWERS.get(operation)
        if serve is not None:
            reply = await serve(self, request_type(operation).FromString(raw), context)
        elif operation.startswith("Poll"):
            reply = await _nothing(operation, context)
        else:
            reply = response_type(operation)()
        return bytes(reply.SerializeToString())

    async def _poll(self, request: Any, context: Any) -> Any:
        queue = request.task_queue
        self.sdk = str(dict(context.invocation_metadata() or ()).get("client-name", self.sdk))
        if queue.kind != TaskQueueKind.TASK_QUEUE_KIND_STICKY:
            self.normal_queues[queue.name] = None
            self.polled.set()
        waiting = self._offered[queue.name]
        try:
            async with asyncio.timeout(_patience(context)):
                offered = await waiting.get()
        except TimeoutError:
            return rpc.PollWorkflowTaskQueueResponse()
        return _task(offered) if offered.token in self._open else rpc.PollWorkflowTaskQueueResponse()

    async def _poll_execution(self, request: Any, context: Any) -> Any:
        nothing = response_type(type(request).__name__.removesuffix("Request"))()
        key = type(nothing).__name__, request.task_queue.name
        self.execution_queues[key] = None
        try:
            async with asyncio.timeout(_patience(context)):
                offered = await self._executions[key].get()
        except TimeoutError:
            return nothing
        return offered.task if offered.task.task_token in self._open_executions else nothing

    async def _executed(self, request: Any, context: Any) -> Any:
        offered = self._open_executions.pop(request.task_token, None)
        if offered and not offered.answer.done():
            offered.answer.set_result(request)
        return response_type(type(request).__name__.removesuffix("Request"))()

    async def _completed(self, request: Any, context: Any) -> Any:
        offered = await self._answered(request, context)
        if not offered.keeps(request):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "UnhandledCommand")
        return rpc.RespondWorkflowTaskCompletedResponse()

    async def _failed(self, request: Any, context: Any) -> Any:
        await self._answered(request, context)
        return rpc.RespondWorkflowTaskFailedResponse()

    async def _answered(self, request: Any, context: Any) -> OfferedTask:
        offered = self._open.pop(request.task_token, None)
        if offered is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Workflow task not found.")
        assert offered is not None
        if not offered.answer.done():
            offered.answer.set_result(request)
        return offered

    async def _history(self, request: Any, context: Any) -> Any:
        """Give a page of a history; the whole of it to a worker that has lost the run from its cache."""
        token, _, first = request.next_page_token.decode().partition("/")
        offered = self._open.get(token.encode()) or next(
            (each for each in self._open.values() if each.run.run_id == request.execution.run_id), None
        )
        if offered is None:
            if request.wait_new_event:  # the end of a workflow that the worker's program has started itself
                return await _nothing("GetWorkflowExecutionHistory", context)
            await context.abort(grpc.StatusCode.NOT_FOUND, "Workflow execution not found.")
        assert offered is not None
        offered.fetched = offered.fetched or not token
        history, more = _page(offered, int(first or 0))
        return rpc.GetWorkflowExecutionHistoryResponse(history=history, next_page_token=more)

    async def _start(self, request: Any, context: Any) -> Any:
        self.started.append(request)
        return rpc.StartWorkflowExecutionResponse(run_id=str(uuid.uuid4()), started=True)

    async def _system(self, request: Any, context: Any) -> Any:
        reply = rpc.GetSystemInfoResponse(server_version="1.29.1")
        for name in _CAPABILITIES:
            setattr(reply.capabilities, name, True)
        return reply

    async def _namespace(self, request: Any, context: Any) -> Any:
        reply = rpc.DescribeNamespaceResponse()
        reply.namespace_info.name = request.namespace or "default"
        reply.namespace_info.id = request.id or _NAMESPACE_ID
        reply.namespace_info.state = NamespaceState.NAMESPACE_STATE_REGISTERED
        return reply


_CAPABILITIES = (
    "signal_and_query_header",
    "internal_error_differentiation",
    "activity_failure_include_heartbeat",
    "supports_schedules",
    "encoded_failure_attributes",
    "build_id_based_versioning",
    "upsert_memo",
    "sdk_metadata",
    "count_group_by_execution_status",
)

_ANSWERS: dict[str, Callable[[ReplayFrontend, Any, Any], Awaitable[Any]]] = {
    "PollWorkflowTaskQueue": ReplayFrontend._poll,
    "PollActivityTaskQueue": ReplayFrontend._poll_execution,
    "PollNexusTaskQueue": ReplayFrontend._poll_execution,
    "RespondActivityTaskCompleted": ReplayFrontend._executed,
    "RespondActivityTaskFailed": ReplayFrontend._executed,
    "RespondActivityTaskCanceled": ReplayFrontend._executed,
    "RespondNexusTaskCompleted": ReplayFrontend._executed,
    "RespondNexusTaskFailed": ReplayFrontend._executed,
    "RespondWorkflowTaskCompleted": ReplayFrontend._completed,
    "RespondWorkflowTaskFailed": ReplayFrontend._failed,
    "GetWorkflowExecutionHistory": ReplayFrontend._history,
    "StartWorkflowExecution": ReplayFrontend._start,
    "GetSystemInfo": ReplayFrontend._system,
    "DescribeNamespace": ReplayFrontend._namespace,
}


def _task(offered: OfferedTask) -> Any:
    """Return the poll answer that a server would give."""
    run = offered.run
    history, more = _page(offered, offered.known)
    started = offered.events[offered.end - 1]
    scheduled = offered.events[started.workflow_task_started_event_attributes.scheduled_event_id - 1]
    reply = rpc.PollWorkflowTaskQueueResponse(
        task_token=offered.token,
        previous_started_event_id=offered.previous_started_event_id,
        started_event_id=offered.end,
        attempt=1,
        history=history,
        next_page_token=more,
        messages=offered.messages,
        scheduled_time=scheduled.event_time,
        started_time=started.event_time,
    )
    for query_id, query in offered.queries.items():
        reply.queries[query_id].CopyFrom(query)
    reply.workflow_execution.workflow_id = run.workflow_id
    reply.workflow_execution.run_id = run.run_id
    reply.workflow_type.name = run.workflow_type
    reply.workflow_execution_task_queue.name = run.task_queue
    reply.workflow_execution_task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    return reply


def _page(offered: OfferedTask, first: int) -> tuple[History, bytes]:
    """Return the page of events from an index on, and the token of the next one."""
    end = min(first + PAGE_EVENTS, offered.end)
    more = b"%b/%d" % (offered.token, end) if end < offered.end else b""
    return History(events=offered.events[first:end]), more


def _patience(context: Any) -> float:
    """Return the seconds after which a poll gets an empty answer, before its sender gives up."""
    left: float | None = context.time_remaining()
    return _POLL_SECONDS if left is None else max(0.0, min(_POLL_SECONDS, left - 1))


async def _nothing(operation: str, context: Any) -> Any:
    await asyncio.sleep(_patience(context))
    return response_type(operation)()
