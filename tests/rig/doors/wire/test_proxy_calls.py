"""The raw call on the server's side of the door: metadata, deadlines, cancellation and unknown bytes pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
import pytest
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.decision import Decision, Refusal
from harness.doors.wire.attribution import Attribution
from harness.records.message_facts import EagerTasks
from harness.records.tape import Entry
from harness.temporal.service import SERVICE, UNLIMITED, request_type
from tests.rig.doors.wire.test_proxy import LIMIT, SIGNAL, SLOT, Holding, call, door, send
from tests.wire import wire_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPLETED = "RespondWorkflowTaskCompleted"


class Upstream:
    """A server that keeps what it is sent, and gives the same answer to all once it may. An async context manager."""

    def __init__(self, *, waits: bool = False, answer: bytes = b"") -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.metadata: list[dict[str, Any]] = []
        self.remaining: list[float | None] = []
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.answered = 0
        self.address = ""
        if not waits:
            self.may_answer.set()
        self._server = grpc.aio.server(options=UNLIMITED)

    async def __aenter__(self) -> Upstream:
        outer = self

        class AnyMethod(grpc.GenericRpcHandler):
            def service(self, handler_call_details: Any) -> Any:
                return grpc.unary_unary_rpc_method_handler(outer._serve)

        self._server.add_generic_rpc_handlers((AnyMethod(),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.stop(None)

    async def _serve(self, raw: bytes, call: Any) -> bytes:
        self.requests.append(raw)
        self.metadata.append(dict(call.invocation_metadata()))
        self.remaining.append(call.time_remaining())
        self.asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        self.answered += 1
        return self.answer


async def test_a_start_with_an_update_is_mapped_too() -> None:
    sent = rpc.ExecuteMultiOperationRequest(namespace="default")
    sent.operations.add().start_workflow.namespace = "default"
    sent.operations.add().update_workflow.namespace = "default"
    decide = Holding()
    async with Upstream() as upstream, door(upstream.address, decide) as proxy:
        await call(proxy, "ExecuteMultiOperation", sent)
        got = rpc.ExecuteMultiOperationRequest.FromString(upstream.requests[0])
    assert (
        got.namespace
        == got.operations[0].start_workflow.namespace
        == got.operations[1].update_workflow.namespace
        == SLOT
    )


async def test_metadata_and_deadline_pass() -> None:
    metadata = (("authorization", "Bearer x"), ("temporal-namespace", "default"), ("extra-bin", b"\x00\xff"))
    async with Upstream() as upstream, door(upstream.address) as proxy:
        await call(proxy, SIGNAL, rpc.SignalWorkflowExecutionRequest(), metadata=metadata, timeout=50)
        await call(proxy, SIGNAL, rpc.SignalWorkflowExecutionRequest())
    told = upstream.metadata[0]
    assert (told["authorization"], told["temporal-namespace"], told["extra-bin"]) == ("Bearer x", SLOT, b"\x00\xff")
    assert upstream.remaining[0] is not None
    # On its way gRPC rounds what is left up, to tenths of a second here: once to the door, once to the server.
    assert 20 < upstream.remaining[0] <= 50.2
    assert not upstream.remaining[1] or upstream.remaining[1] > 1e6


async def test_fields_of_later_versions_and_other_services_pass_as_they_are() -> None:
    unknown = rpc.SignalWorkflowExecutionRequest(signal_name="go").SerializeToString() + b"\xfa\x7f\x03new"
    async with Upstream() as upstream, door(upstream.address) as proxy:
        await send(proxy, SERVICE + SIGNAL, unknown)
        await send(proxy, SERVICE + "InventedLater", b"\x00\x01")
        await send(proxy, "/grpc.health.v1.Health/Check", b"\x00\xff")
    assert upstream.requests == [unknown, b"\x00\x01", b"\x00\xff"]


async def test_a_write_on_its_way_is_executed_although_its_sender_died() -> None:
    decide = Holding()
    async with Upstream(waits=True) as upstream, door(upstream.address, decide) as proxy, asyncio.timeout(LIMIT):
        sending = asyncio.create_task(call(proxy, SIGNAL, rpc.SignalWorkflowExecutionRequest()))
        await upstream.asked.wait()
        sending.cancel()
        await asyncio.wait([sending])
        upstream.may_answer.set()
        while not any(entry.kind == "reply" for entry in decide.tape):
            await decide.live_tape.changed(timeout=1)
    assert upstream.answered == 1
    assert not upstream.cancelled.is_set()
    assert [(entry.kind, entry.status) for entry in decide.tape] == [("request", ""), ("reply", "OK")]


@pytest.mark.parametrize("operation", ["PollActivityTaskQueue", "GetWorkflowExecutionHistory"])
async def test_a_cancelled_read_is_cancelled_upstream(operation: str) -> None:
    async with Upstream(waits=True) as upstream, door(upstream.address) as proxy, asyncio.timeout(LIMIT):
        request = request_type(operation)()
        sending = asyncio.create_task(call(proxy, operation, request))
        await upstream.asked.wait()
        sending.cancel()
        await upstream.cancelled.wait()


async def test_a_message_given_up_while_it_is_held_is_never_executed() -> None:
    decide = Holding(SIGNAL, "before")
    async with Upstream() as upstream, door(upstream.address, decide) as proxy, asyncio.timeout(LIMIT):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(proxy, SIGNAL, rpc.SignalWorkflowExecutionRequest(), timeout=0.3)
        await decide.given_up.wait()  # the door hears of it some time after the client has given up
        decide.may_go.set()
        await call(proxy, "GetSystemInfo", rpc.GetSystemInfoRequest())
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(upstream.requests) == 1


async def test_a_door_closes_while_messages_are_held() -> None:
    decide = Holding(SIGNAL, "before")
    async with Upstream() as upstream, asyncio.timeout(LIMIT):
        async with door(upstream.address, decide) as proxy:
            sending = asyncio.create_task(call(proxy, SIGNAL, rpc.SignalWorkflowExecutionRequest()))
            await decide.held.wait()
        with pytest.raises(grpc.aio.AioRpcError):
            await sending


def handing_out() -> bytes:
    """Return the reply to a workflow task in which the server hands out two activities eagerly."""
    reply = rpc.RespondWorkflowTaskCompletedResponse()
    for number in ("1", "2"):
        task = reply.activity_tasks.add(task_token=number.encode(), activity_id=number, attempt=1)
        task.workflow_execution.run_id, task.workflow_type.name, task.activity_type.name = "run", "Trip", "book"
        task.start_to_close_timeout.FromSeconds(30)
    return reply.SerializeToString()


async def test_what_is_handed_out_eagerly_is_on_the_tape_as_poll_answers() -> None:
    meet = Holding()
    async with Upstream(answer=handing_out()) as upstream, door(upstream.address, meet) as proxy:
        raw = await call(proxy, COMPLETED, rpc.RespondWorkflowTaskCompletedRequest(task_token=b"known"))
    assert raw == handing_out()
    _, reply, *eager = meet.tape
    assert (reply.kind, reply.facts) == ("reply", EagerTasks(hands_out=2))
    assert [(each.kind, each.operation, each.status, each.run_id, each.activity_id) for each in eager] == [
        ("reply", "PollActivityTaskQueue", "OK", "run", "1"),
        ("reply", "PollActivityTaskQueue", "OK", "run", "2"),
    ]
    assert [each.point.id for each in eager if each.point] == [
        "after/PollActivityTaskQueue/Trip/book.1/attempt-1",
        "after/PollActivityTaskQueue/Trip/book.2/attempt-1",
    ]
    assert [(each.facts.eager, each.facts.start_to_close_timeout) for each in eager] == [(True, 30.0)] * 2
    assert len({each.message for each in (reply, *eager)}) == 3


@pytest.mark.parametrize("struck", [COMPLETED, "PollActivityTaskQueue"])
async def test_a_lost_reply_takes_what_it_hands_out_with_it(struck: str) -> None:
    lost: list[tuple[list[str], Decision]] = []
    decision = Refusal("UNAVAILABLE", "the connection was lost")
    attribution = Attribution()

    async def lose(answers: Sequence[Entry], decided: Decision) -> None:
        lost.append(([each.operation for each in answers], decided))

    meet = Holding(struck, "after", decision)
    async with (
        Upstream(answer=handing_out()) as upstream,
        wire_door(upstream.address, decide=meet, attribution=attribution, lost=lose) as proxy,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(proxy, COMPLETED, rpc.RespondWorkflowTaskCompletedRequest(task_token=b"known"))
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert attribution.in_hand() == set()
    others = [COMPLETED, "PollActivityTaskQueue", "PollActivityTaskQueue"]
    others.remove(struck)
    assert lost == [(others, decision)]
