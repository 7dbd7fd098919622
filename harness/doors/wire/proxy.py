"""The wire proxy: the door between a worker process and the Temporal server, for raw gRPC bytes."""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from harness.doors.decision import Decision, Refusal
from harness.doors.wire import decoding
from harness.doors.wire.attribution import Attribution, Owner, at
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.operator_service import to_slot
from harness.doors.wire.serving import operation_of, pass_on
from harness.doors.wire.worker_ports import WorkerPorts
from harness.records.facts import NO_FACTS, Facts
from harness.records.tape import Entry
from harness.temporal.service import UNLIMITED, request_type, response_type
from harness.temporal.unary_call import response_of

_SENT_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
"""Status codes with which the SDK's client sends a request again, so that its task is still in the worker's hands."""

_START_ACTIVITY = "StartActivityExecution"
"""Starts an activity that no workflow schedules."""

_OWN_METADATA = ("user-agent", "te", "content-type")

Decide = Callable[[Entry], Awaitable[Decision]]
"""Decides what becomes of a message that the wire door holds, or of its answer."""

Send = Callable[[], Awaitable[bytes]]
"""Sends a request to the server as it is now, and returns the answer."""

Execute = Callable[[str, Any, int, Send], Coroutine[Any, Any, bytes]]
"""Returns the answer to a request: called with operation, request, worker process, and what sends it to the server."""


async def send_it(operation: str, request: Any, worker: int, send: Send) -> bytes:
    """Execute a request by sending it as it is."""
    return await send()


@dataclass
class _Call:
    """One RPC on its way through the door."""

    operation: str
    number: int
    worker: int
    request: Any
    owner: Owner | None = None
    reply: Any = None
    facts: Facts = NO_FACTS

    def entry(self, kind: Any, *, status: str = "") -> Entry:
        owner = self.owner
        return Entry(
            at=time.time(),
            kind=kind,
            door="wire",
            operation=self.operation,
            message=self.number,
            worker=self.worker,
            point=at(owner, "before" if kind == "request" else "after"),
            workflow_id=owner.workflow_id if owner else "",
            run_id=owner.run_id if owner else "",
            activity_id=owner.activity_id if owner else "",
            status=status,
            facts=self.facts,
        )


class WireProxy:
    """Passes every RPC of a worker to the server, holding each message before and after it is executed.

    Bytes go through as they are, except that the namespace the worker asks for becomes the slot's. Metadata,
    deadlines, trailers (``grpc-status-details-bin``) and cancellation pass too: a long poll that outlived its worker
    would swallow the next task. A write that is already on its way is *not* cancelled when its sender dies, as it
    would not be on a real network.

    Args:
        ports: Where worker processes connect; closed with the proxy.
        upstream: Address of the server.
        namespace: The slot's namespace.
        attribution: Learns from the messages and names their points.
        decide: Asked what becomes of each message, before it is executed and before its answer goes back.
        numbers: Numbers of the messages of this trial, shared with the other doors.
        long_polls: The long polls that are under way.
        execute: Executes each request; may change it before, or answer it in another way.
        mend: Called with operation and reply before the worker gets it; may change the reply, and says whether it did.
        lost: Called with the answers that travel in one message with one that goes no further, and with what became of
            that one.
    """

    def __init__(
        self,
        ports: WorkerPorts,
        *,
        upstream: str,
        namespace: str,
        attribution: Attribution,
        decide: Decide,
        numbers: itertools.count[int],
        long_polls: LongPolls,
        execute: Execute = send_it,
        mend: Callable[[str, Any], bool] = lambda operation, reply: False,
        lost: Callable[[Sequence[Entry], Decision], Awaitable[None]] | None = None,
    ) -> None:
        self._ports = ports
        self._namespace = namespace
        self._attribution = attribution
        self._decide = decide
        self._numbers = numbers
        self._long_polls = long_polls
        self._executing = execute
        self._mend = mend
        self._lost = lost
        self._writes: set[asyncio.Task[Any]] = set()
        self._channel = grpc.aio.insecure_channel(upstream, options=UNLIMITED)
        self._passing: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """Where everybody connects who is no worker process."""
        return self._ports.address

    async def __aenter__(self) -> WireProxy:
        """Begin to answer."""
        await self._ports.serve(self._pass)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._long_polls.end()
        for task in self._writes:
            task.cancel()
        await self._ports.close()
        await self._channel.close()

    async def _pass(self, method: str, raw: bytes, context: Any, worker: int) -> bytes:
        operation = operation_of(method)
        if not operation:
            return await self._forward(method, to_slot(method, raw, namespace=self._namespace), context)
        request = request_type(operation).FromString(raw)
        call = _Call(operation, next(self._numbers), worker, request)
        return await self._through(call, method, context)

    async def _through(self, call: _Call, method: str, context: Any) -> bytes:
        call.facts = decoding.facts_of_request(call.operation, call.request)
        owner = self._attribution.request(call.operation, call.request)
        call.owner = owner if call.worker else None  # what is no worker process is never struck
        decision = await self._decide(call.entry("request"))
        if decision != "go":
            await _turn_away(context, decision)
        self._to_slot(call.operation, call.request)
        raw, error = await self._execute(call, method, context)
        decision = await self._decide_answer(call, status=error.code().name if error else "OK")
        if decision != "go":
            await _turn_away(context, decision)
        if error:
            await pass_on(error, context=context)
        return raw

    async def _decide_answer(self, call: _Call, *, status: str) -> Decision:
        """Decide about an answer, then about each activity task that travels in it: what loses one loses them all."""
        entries = [call.entry("reply", status=status), *self._hand_outs(call)]
        for entry in entries:
            decision = await self._decide(entry)
            if decision != "go":
                self._attribution.lost(call.reply)
                if self._lost:
                    await self._lost([other for other in entries if other is not entry], decision)
                return decision
        return "go"

    def _hand_outs(self, call: _Call) -> Iterator[Entry]:
        """Yield the tasks that the server handed out eagerly, in the reply to what scheduled them.

        Each is on the tape as the poll answer that it would have been else, so that it is known in one way.
        """
        for operation, task in _eager_tasks(call):
            handed_out = _Call(operation, next(self._numbers), call.worker, request=None, reply=task)
            handed_out.owner = self._attribution.handed_out(task.task_token) if call.worker else None
            handed_out.facts = decoding.facts_of_eager(operation, task)
            yield handed_out.entry("reply", status="OK")

    async def _execute(self, call: _Call, method: str, context: Any) -> tuple[bytes, grpc.aio.AioRpcError | None]:
        poll = call.operation.startswith("Poll")
        send = functools.partial(self._send, call, method, context)
        executing = self._executing(call.operation, call.request, call.worker, send)
        if decoding.is_ambient(call.operation) and not poll:  # who gives a read up cancels it with its own call
            return await self._read(call, executing)
        task = asyncio.ensure_future(executing)
        try:
            if poll:
                self._long_polls.add(task, worker=call.worker)
                raw = await task
            else:
                self._writes.add(task)
                raw = await asyncio.shield(task)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _SENT_AGAIN:
                self._settle(call)
            return b"", error
        except asyncio.CancelledError:
            if not poll:  # it may have been executed in this very instant
                task.add_done_callback(lambda done: self._unheard(call, done))
            handler = asyncio.current_task()
            if handler and not handler.cancelling():  # the poll was cut off, and not given up by its sender
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the worker process of this poll was struck")
            raise
        finally:
            self._writes.discard(task) if task.done() else None
        return self._heard(call, raw), None

    async def _read(
        self, call: _Call, executing: Coroutine[Any, Any, bytes]
    ) -> tuple[bytes, grpc.aio.AioRpcError | None]:
        try:
            raw = await executing
        except grpc.aio.AioRpcError as error:
            if error.code() not in _SENT_AGAIN:
                self._settle(call)
            return b"", error
        return self._heard(call, raw), None

    async def _send(self, call: _Call, method: str, context: Any) -> bytes:
        if asked := _start_of(call):
            self._attribution.starts_at_door(worker=call.worker, **_named(asked))
        return await self._forward(method, call.request.SerializeToString(), context)

    def _unheard(self, call: _Call, done: asyncio.Task[bytes]) -> None:
        """Put on the tape that a write was executed after its sender had died."""
        self._writes.discard(done)
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._heard(call, done.result())
        status = error.code().name if isinstance(error, grpc.aio.AioRpcError) else "OK"
        deciding = asyncio.ensure_future(self._decide_answer(call, status=status))
        self._writes.add(deciding)
        deciding.add_done_callback(self._writes.discard)

    def _heard(self, call: _Call, raw: bytes) -> bytes:
        """Learn from a reply, and return it as the worker gets it."""
        call.reply = response_type(call.operation).FromString(raw)
        mended = self._mend(call.operation, call.reply)
        call.facts = decoding.facts_of_reply(call.operation, call.reply)
        call.owner = self._attribution.reply(call.operation, call.reply, worker=call.worker) or call.owner
        self._settle(call)
        return call.reply.SerializeToString() if mended else raw

    def _settle(self, call: _Call) -> None:
        if call.operation.startswith("Respond"):
            self._attribution.finished(getattr(call.request, "task_token", b""))
        if (asked := _start_of(call)) and (run_id := _started_run(call)):
            is_activity = call.operation == _START_ACTIVITY
            self._attribution.started_at_door(run_id=run_id, is_activity=is_activity, **_named(asked))

    def _to_slot(self, operation: str, request: Any) -> None:
        asked = getattr(request, "namespace", "")
        if asked:
            request.namespace = self._namespace
        for command in getattr(request, "commands", ()) if operation == "RespondWorkflowTaskCompleted" else ():
            for name in _NAMESPACED:
                if command.HasField(name) and getattr(command, name).namespace == asked:
                    getattr(command, name).namespace = self._namespace
        if operation == "ExecuteMultiOperation":
            for part in request.operations:
                kind = part.WhichOneof("operation")
                getattr(part, kind).namespace = self._namespace

    async def _forward(self, method: str, raw: bytes, context: Any) -> bytes:
        metadata = tuple(
            (key, self._namespace if key == "temporal-namespace" else value)
            for key, value in context.invocation_metadata() or ()
            if key not in _OWN_METADATA and not key.startswith(("grpc-", ":"))
        )
        passing = self._passing.get(method)
        if passing is None:
            passing = self._passing[method] = self._channel.unary_unary(method)
        reply: bytes = await response_of(passing(raw, metadata=metadata, timeout=context.time_remaining()))
        return reply


_NAMESPACED = (
    "start_child_workflow_execution_command_attributes",
    "signal_external_workflow_execution_command_attributes",
    "request_cancel_external_workflow_execution_command_attributes",
)


def _eager_tasks(call: _Call) -> Iterator[tuple[str, Any]]:
    """Yield the tasks that a reply hands out eagerly, with the poll by which each would have been handed out else."""
    if call.reply is None:
        return
    if call.operation == "RespondWorkflowTaskCompleted":
        yield from (("PollActivityTaskQueue", task) for task in call.reply.activity_tasks)
    if call.operation == "StartWorkflowExecution" and call.reply.eager_workflow_task.task_token:
        yield "PollWorkflowTaskQueue", call.reply.eager_workflow_task


def _start_of(call: _Call) -> Any:
    """Return the start that a call asks for, alone or with a signal or an update; None where it asks for none."""
    if call.operation in ("StartWorkflowExecution", "SignalWithStartWorkflowExecution", _START_ACTIVITY):
        return call.request
    if call.operation == "ExecuteMultiOperation" and call.request.operations:
        return call.request.operations[0].start_workflow
    return None


def _named(asked: Any) -> dict[str, str]:
    """Return the type and the id of the workflow, or of the activity without one, that a start asks for."""
    if "activity_id" in asked.DESCRIPTOR.fields_by_name:
        return {"workflow": asked.activity_type.name, "workflow_id": asked.activity_id}
    return {"workflow": asked.workflow_type.name, "workflow_id": asked.workflow_id}


def _started_run(call: _Call) -> str:
    """Return the run id that the answer to a start tells; empty where there is none."""
    if call.reply is None:
        return ""
    if call.operation != "ExecuteMultiOperation":
        return str(call.reply.run_id)
    return str(call.reply.responses[0].start_workflow.run_id) if call.reply.responses else ""


async def _turn_away(context: Any, decision: Decision) -> None:
    """Tell the sender the error that was decided on, or wait until it has gone and the call is cancelled with it."""
    if isinstance(decision, Refusal):
        await context.abort(grpc.StatusCode[decision.code], decision.message)
    await asyncio.Event().wait()
