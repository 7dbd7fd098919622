"""The wire proxy changes nothing but the namespace, and holds each message before and after it is executed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.decision import Decision, Refusal
from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import WireProxy
from harness.records.point import Point
from harness.records.tape import Entry
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.temporal.service import SERVICE, UNLIMITED
from harness.trial.live_tape import LiveTape
from tests.wire import wire_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 120.0
SLOT = "slot-1"
SIGNAL = "SignalWorkflowExecution"
_ids = itertools.count(1)


class Holding:
    """Keeps a tape, and holds or drops the messages of one operation on one side."""

    def __init__(self, operation: str = "", position: str = "", decision: Decision = "go") -> None:
        self.live_tape = LiveTape()
        self.held = asyncio.Event()
        self.may_go = asyncio.Event()
        self.given_up = asyncio.Event()
        self._wanted = (operation, {"before": "request", "after": "reply"}.get(position, ""))
        self._decision = decision

    @property
    def tape(self) -> list[Entry]:
        return self.live_tape.entries

    async def __call__(self, entry: Entry) -> Decision:
        self.live_tape.put(entry)
        if (entry.operation, entry.kind) != self._wanted:
            return "go"
        self.held.set()
        if self._decision == "go":
            try:
                await self.may_go.wait()
            except asyncio.CancelledError:
                self.given_up.set()
                raise
        return self._decision


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    binary = (await find_temporal()).path
    async with DevServer(binary, folder=tmp_path_factory.mktemp("server"), namespaces=[SLOT]) as server:
        yield server


@asynccontextmanager
async def door(
    upstream: str,
    decide: Callable[[Entry], Awaitable[Decision]] | None = None,
    attribution: Attribution | None = None,
    long_polls: LongPolls | None = None,
) -> AsyncIterator[WireProxy]:
    more: dict[str, Any] = {"attribution": attribution, "long_polls": long_polls}
    async with wire_door(upstream, namespace=SLOT, decide=decide or Holding(), **more) as proxy:
        yield proxy


async def started(server: DevServer) -> WorkflowHandle[Any, Any]:
    """Start a workflow that nobody works on, past the door, in the slot."""
    client = await Client.connect(server.address, namespace=SLOT)
    return await client.start_workflow("Nobody", id=f"nobody-{next(_ids)}", task_queue="nobody")


async def signals(handle: WorkflowHandle[Any, Any]) -> int:
    history = await handle.fetch_history()
    return sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)


async def signalling(proxy: WireProxy, handle: WorkflowHandle[Any, Any]) -> asyncio.Task[None]:
    client = await Client.connect(proxy.address)
    return asyncio.create_task(client.get_workflow_handle(handle.id).signal("go"))


async def call(proxy: WireProxy, operation: str, request: Any, **more: Any) -> bytes:
    return await send(proxy, SERVICE + operation, request.SerializeToString(), **more)


async def send(proxy: WireProxy, method: str, raw: bytes, **more: Any) -> bytes:
    async with grpc.aio.insecure_channel(proxy.address, options=UNLIMITED) as channel:
        passing: Any = channel.unary_unary(method)
        reply: bytes = await passing(raw, **more)
        return reply


async def poll(proxy: WireProxy, task_queue: str) -> Any:
    request = rpc.PollWorkflowTaskQueueRequest(namespace="default", identity="test")
    request.task_queue.name = task_queue
    raw = await call(proxy, "PollWorkflowTaskQueue", request, timeout=LIMIT)
    return rpc.PollWorkflowTaskQueueResponse.FromString(raw)


async def test_what_a_client_does_in_its_namespace_happens_in_the_slots(server: DevServer) -> None:
    async with door(server.address) as proxy:
        client = await Client.connect(proxy.address, namespace="default")
        handle = await client.start_workflow("Nobody", id="mapped", task_queue="nobody")
        assert (await handle.describe()).id == "mapped"
    inside = await Client.connect(server.address, namespace=SLOT)
    assert (await inside.get_workflow_handle("mapped").describe()).namespace == SLOT
    outside = await Client.connect(server.address, namespace="default")
    with pytest.raises(RPCError) as raised:
        await outside.get_workflow_handle("mapped").describe()
    assert raised.value.status is RPCStatusCode.NOT_FOUND


async def test_the_details_of_an_error_pass(server: DevServer) -> None:
    handle = await started(server)
    async with door(server.address) as proxy:
        client = await Client.connect(proxy.address)
        with pytest.raises(WorkflowAlreadyStartedError) as raised:
            await client.start_workflow("Nobody", id=handle.id, task_queue="nobody")
        assert raised.value.run_id == handle.first_execution_run_id
        with pytest.raises(RPCError) as missing:
            await client.get_workflow_handle("no-such").describe()
        assert missing.value.grpc_status.details


async def test_large_answers_pass(server: DevServer) -> None:
    handle = await started(server)
    text = "x" * 1_500_000
    async with door(server.address) as proxy:
        client = await Client.connect(proxy.address)
        through = client.get_workflow_handle(handle.id)
        for _ in range(4):
            await through.signal("go", text)
        history = await through.fetch_history()
    assert sum(event.ByteSize() for event in history.events) > 6_000_000


@pytest.mark.parametrize("size", [3_000_000, 5_000_000], ids=["a blob too large", "a message too large"])
async def test_the_servers_own_refusal_of_a_large_message_passes(server: DevServer, size: int) -> None:
    handle = await started(server)
    refusals = []
    async with door(server.address) as proxy:
        for address, namespace in ((proxy.address, "default"), (server.address, SLOT)):
            client = await Client.connect(address, namespace=namespace)
            with pytest.raises(RPCError) as raised:
                await client.get_workflow_handle(handle.id).signal("go", "x" * size)
            # The SDK compresses what it sends; the door does not, and gRPC words the refusal accordingly.
            message = str(raised.value).replace("after decompression ", "").partition(" than max")[0]
            refusals.append((raised.value.status, message))
    assert refusals[0] == refusals[1]


async def test_held_before_it_is_not_executed_until_it_is_let_go(server: DevServer) -> None:
    handle, decide = await started(server), Holding(SIGNAL, "before")
    async with door(server.address, decide) as proxy, asyncio.timeout(LIMIT):
        sending = await signalling(proxy, handle)
        await decide.held.wait()
        assert await signals(handle) == 0
        decide.may_go.set()
        await sending
    assert await signals(handle) == 1


async def test_held_after_it_is_executed_and_not_heard_until_it_is_let_go(server: DevServer) -> None:
    handle, decide = await started(server), Holding(SIGNAL, "after")
    async with door(server.address, decide) as proxy, asyncio.timeout(LIMIT):
        sending = await signalling(proxy, handle)
        await decide.held.wait()
        assert await signals(handle) == 1
        assert not sending.done()
        decide.may_go.set()
        await sending


@pytest.mark.parametrize(("position", "executed"), [("before", 0), ("after", 1)])
async def test_what_is_dropped_before_is_never_executed_and_after_never_heard(
    server: DevServer, position: str, executed: int
) -> None:
    handle, decide = await started(server), Holding(SIGNAL, position, "drop")
    async with door(server.address, decide) as proxy, asyncio.timeout(LIMIT):
        sending = await signalling(proxy, handle)
        await decide.held.wait()
        assert not sending.done()
        sending.cancel()
        await asyncio.wait([sending])
    assert await signals(handle) == executed


@pytest.mark.parametrize(("position", "executed"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "NOT_FOUND"])
async def test_what_is_refused_before_is_never_executed_and_after_is_told_as_refused(
    server: DevServer, position: str, executed: int, code: str
) -> None:
    handle, decide = await started(server), Holding(SIGNAL, position, Refusal(code, "said by the door"))
    request = rpc.SignalWorkflowExecutionRequest(namespace="default", signal_name="go")
    request.workflow_execution.workflow_id = handle.id
    async with door(server.address, decide) as proxy, asyncio.timeout(LIMIT):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(proxy, SIGNAL, request)
    assert (raised.value.code().name, raised.value.details()) == (code, "said by the door")
    assert await signals(handle) == executed
    assert [entry.kind for entry in decide.tape] == ["request", "reply"][: 1 + executed]


async def test_a_client_sends_again_what_was_refused_once(server: DevServer) -> None:
    handle = await started(server)
    refused = asyncio.Event()
    tape: list[Entry] = []

    async def decide(entry: Entry) -> Decision:
        tape.append(entry)
        if entry.operation != SIGNAL or refused.is_set():
            return "go"
        refused.set()
        return Refusal("UNAVAILABLE", "once")

    async with door(server.address, decide) as proxy, asyncio.timeout(LIMIT):
        await (await signalling(proxy, handle))
    sent = [entry for entry in tape if entry.operation == SIGNAL]
    assert [(entry.kind, entry.status) for entry in sent] == [("request", ""), ("request", ""), ("reply", "OK")]
    assert sent[0].message != sent[1].message == sent[2].message
    assert await signals(handle) == 1


async def test_a_task_handed_out_in_a_lost_reply_is_in_nobodys_hands(server: DevServer) -> None:
    attribution = Attribution()

    async def decide(entry: Entry) -> Decision:
        handed = entry.operation == "PollWorkflowTaskQueue" and entry.kind == "reply" and entry.point
        return Refusal("UNAVAILABLE", "lost") if handed else "go"

    async with door(server.address, decide, attribution) as proxy, asyncio.timeout(LIMIT):
        client = await Client.connect(proxy.address)
        await client.start_workflow("Nobody", id="unheard", task_queue="unheard")
        with pytest.raises(grpc.aio.AioRpcError, match="lost"):
            await poll(proxy, "unheard")
    assert [run.workflow_id for run in attribution.runs.values()] == ["unheard"]
    owner = attribution.call(door="effect", operation="pay", body="", worker=1)
    assert owner.run_id == ""


async def test_the_tape_shows_request_and_reply_of_one_message(server: DevServer) -> None:
    handle, decide = await started(server), Holding()
    async with door(server.address, decide) as proxy:
        await (await signalling(proxy, handle))
    found = [entry for entry in decide.tape if entry.operation == SIGNAL]
    assert [(entry.kind, entry.status, entry.worker, entry.workflow_id) for entry in found] == [
        ("request", "", 1, handle.id),
        ("reply", "OK", 1, handle.id),
    ]
    assert found[0].message == found[1].message > 0
    assert found[0].point == Point(position="before", door="wire", operation=SIGNAL, subject="go")


async def test_a_poll_that_was_given_up_does_not_swallow_the_next_task(server: DevServer) -> None:
    polls = LongPolls()
    async with door(server.address, long_polls=polls) as proxy, asyncio.timeout(LIMIT):
        given_up = asyncio.create_task(poll(proxy, "swallow"))
        while not polls:
            await asyncio.sleep(0.01)
        await call(proxy, "GetSystemInfo", rpc.GetSystemInfoRequest())
        given_up.cancel()
        while polls:
            await asyncio.sleep(0.01)
        client = await Client.connect(proxy.address)
        await client.start_workflow("Nobody", id="swallowed", task_queue="swallow")
        task = await poll(proxy, "swallow")
    assert (task.workflow_execution.workflow_id, task.attempt) == ("swallowed", 1)


async def test_the_polls_of_a_dead_worker_are_ended(server: DevServer) -> None:
    polls = LongPolls()
    async with door(server.address, long_polls=polls) as proxy, asyncio.timeout(LIMIT):
        polling = asyncio.create_task(poll(proxy, "dead"))
        while not polls:
            await asyncio.sleep(0.01)
        polls.cut_off(2)
        await call(proxy, "GetSystemInfo", rpc.GetSystemInfoRequest())
        assert not polling.done()
        polls.cut_off(1)
        with pytest.raises(grpc.aio.AioRpcError, match="was struck"):
            await polling
