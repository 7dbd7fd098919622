"""Own calls: what a program that is worker and starter in one asks as a client, each answered once.

A strike is meant for the worker of such a program, and takes the client with it. The program that is started again
does all anew: it starts its workflow, which may have ended meanwhile, and sends its signals once more. In production
the client would be another process, which lives on. So the door answers what the program asks again as it was answered
before the strike::

    1st process   Start A ──▶ server, kept     Signal go ──▶ server, kept     ✗ killed
    2nd process   Start A ◀── as kept          Signal go ◀── as kept          Query state ──▶ server, kept

What counts is what was executed: a call that was struck before it reached the server is sent by the next process, and
one whose answer was never heard is not. One that is still under way is waited for. A call that fails is not kept.

Which call is the same is told by what it says, apart from what a client makes up for each (request id, update id,
identity, headers); where none says the same, by its order among those of its kind. So a start under an id that is made
up each time is the start that was made, and its new id stands for the old one in all that this process asks later.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from harness.doors.wire.proxy import Send
from harness.records.act_facts import CallRecalled
from harness.temporal.messages import parts
from harness.temporal.service import response_type
from harness.trial.live_tape import LiveTape

_KEPT = frozenset(
    {
        "StartWorkflowExecution",
        "StartActivityExecution",
        "SignalWithStartWorkflowExecution",
        "ExecuteMultiOperation",
        "SignalWorkflowExecution",
        "UpdateWorkflowExecution",
        "QueryWorkflow",
        "RequestCancelWorkflowExecution",
        "TerminateWorkflowExecution",
        "RequestCancelActivityExecution",
        "TerminateActivityExecution",
    }
)
_HANDS_OUT = {"StartWorkflowExecution": "eager_workflow_task", "StartActivityExecution": "eager_activity_task"}
_MADE_UP = ("identity", "request_id", "update_id", "header", "links", "first_execution_run_id")
_IDS = ("workflow_id", "update_id", "activity_id")


@dataclass(eq=False)
class _Kept:
    """One call that was executed, or is being.

    Attributes:
        worker: Number of the worker process that made it.
        said: What it says, without what is made up for each call.
        kind: Its operation, and what it names.
        ids: The ids of workflows, updates and activities in it, in order.
        reply: Its answer, as soon as it is sent.
        again: Numbers of the worker processes that were given the same answer.
    """

    worker: int
    said: bytes
    kind: tuple[str, ...]
    ids: list[str]
    reply: asyncio.Future[bytes] = field(default_factory=asyncio.Future)
    again: set[int] = field(default_factory=set)


class OwnCalls:
    """Sends the client calls of a program's processes, and answers those that an earlier one has made already.

    Args:
        tape: Where each answer from memory is put down.
    """

    def __init__(self, tape: LiveTape) -> None:
        self._tape = tape
        self._kept: list[_Kept] = []
        self._names: dict[int, dict[str, str]] = defaultdict(dict)

    async def once(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Return the answer to a request, and send it unless another process of the program has done so.

        Args:
            operation: The operation.
            request: The request; ids that stand for others are replaced in it.
            worker: Number of the worker process that sends it; 0: another program.
            send: Sends it.

        Raises:
            grpc.aio.AioRpcError: What the server refused it with.
        """
        if not worker:
            return await send()
        _rename(request, self._names[worker])
        if operation not in _KEPT:
            return await send()
        call = _Kept(worker, _said(request), (operation, *_named(request)), [*_ids(request)])
        while earlier := self._earlier(call):
            earlier.again.add(worker)
            try:
                reply = await asyncio.shield(earlier.reply)
            except grpc.aio.AioRpcError:  # it was not executed after all
                continue
            except asyncio.CancelledError:
                if earlier.reply.cancelled():  # it was given up with the process that had made it
                    continue
                raise
            self._names[worker].update(zip(call.ids, earlier.ids, strict=False))
            facts = CallRecalled(operation=operation, workflow_id=earlier.ids[0] if earlier.ids else "")
            self._tape.note("recall", worker=worker, facts=facts)
            return _without_task(operation, reply)
        return await self._keep(call, send)

    async def _keep(self, call: _Kept, send: Send) -> bytes:
        call.reply = asyncio.ensure_future(send())
        self._kept.append(call)
        try:
            return await call.reply
        except BaseException:
            self._kept.remove(call)
            raise

    def _earlier(self, call: _Kept) -> _Kept | None:
        """Return the call of another process that this one makes again: the same, or else the next one of its kind."""
        left = [
            kept
            for kept in self._kept
            if kept.kind == call.kind and kept.worker != call.worker and call.worker not in kept.again
        ]
        return next((kept for kept in left if kept.said == call.said), next(iter(left), None))


def _without_task(operation: str, reply: bytes) -> bytes:
    """Return the answer to a start without the task that it handed out: that one is lost with its process."""
    if operation not in _HANDS_OUT:
        return reply
    answer = response_type(operation).FromString(reply)
    answer.ClearField(_HANDS_OUT[operation])
    without: bytes = answer.SerializeToString()
    return without


def _said(request: Any) -> bytes:
    plain = type(request)()
    plain.CopyFrom(request)
    for message in parts(plain):
        for name in _MADE_UP:
            if name in message.DESCRIPTOR.fields_by_name:
                message.ClearField(name)
    said: bytes = plain.SerializeToString(deterministic=True)
    return said


def _named(request: Any) -> Iterator[str]:
    """Yield what a call names: the types of workflows and activities, signals, updates and queries, without any id."""
    for message in parts(request):
        match message.DESCRIPTOR.name:
            case "WorkflowType" | "ActivityType":
                yield message.name
            case "Input":
                yield message.name
            case "WorkflowQuery":
                yield message.query_type
        if "signal_name" in message.DESCRIPTOR.fields_by_name:
            yield message.signal_name


def _ids(request: Any) -> Iterator[str]:
    for message in parts(request):
        yield from (value for name in _IDS if (value := getattr(message, name, "")))


def _rename(request: Any, names: dict[str, str]) -> None:
    if names:
        for message in parts(request):
            for name in _IDS:
                if (old := names.get(getattr(message, name, ""))) is not None:
                    setattr(message, name, old)
