"""A program that is started again is answered what it asks again as before, and sends what it has not sent yet."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import grpc.aio
import pytest
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.records.act_facts import CallRecalled
from harness.trial.live_tape import LiveTape
from harness.trial.own_calls import OwnCalls


class Server:
    """Answers each call with its number, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.tape = LiveTape()
        self.calls = OwnCalls(self.tape)
        self.refuses = False

    async def ask(self, request: Any, worker: int) -> bytes:
        async def send() -> bytes:
            if self.refuses:
                raise refusal()
            sent = type(request)()
            sent.CopyFrom(request)
            self.asked.append(sent)
            number = str(len(self.asked))
            if isinstance(request, rpc.StartActivityExecutionRequest):
                return rpc.StartActivityExecutionResponse(run_id=number).SerializeToString()
            return started(number) if isinstance(request, rpc.StartWorkflowExecutionRequest) else number.encode()

        return await self.calls.once(type(request).DESCRIPTOR.name.removesuffix("Request"), request, worker, send)


def started(run_id: str, *, token: bytes = b"") -> bytes:
    task = rpc.PollWorkflowTaskQueueResponse(task_token=token) if token else None
    return rpc.StartWorkflowExecutionResponse(run_id=run_id, eager_workflow_task=task).SerializeToString()


def refusal() -> grpc.aio.AioRpcError:
    metadata = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, metadata, metadata)


async def test_an_activity_is_started_once_whatever_id_is_made_up_for_it() -> None:
    server = Server()
    for worker, activity_id in enumerate(("charge-a", "charge-b"), 1):
        reply = await server.ask(an_activity(activity_id), worker)
        assert rpc.StartActivityExecutionResponse.FromString(reply).run_id == "1"
    await server.ask(rpc.PollActivityExecutionRequest(activity_id="charge-b"), 2)
    first, asked = server.asked
    assert (first.activity_id, asked.activity_id) == ("charge-a", "charge-a")
    assert [entry.operation for entry in server.tape.entries] == ["recall"]


def an_activity(activity_id: str) -> rpc.StartActivityExecutionRequest:
    return rpc.StartActivityExecutionRequest(activity_id=activity_id, activity_type=ActivityType(name="charge"))


def given(value: str) -> Payloads:
    return Payloads(payloads=[Payload(data=value.encode())])


def a_start(workflow_id: str = "order", **more: Any) -> rpc.StartWorkflowExecutionRequest:
    return rpc.StartWorkflowExecutionRequest(
        workflow_id=workflow_id, workflow_type=WorkflowType(name="Order"), request_id=str(uuid.uuid4()), **more
    )


def a_signal(value: str = "", workflow_id: str = "order", name: str = "add") -> rpc.SignalWorkflowExecutionRequest:
    return rpc.SignalWorkflowExecutionRequest(
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        signal_name=name,
        input=given(value),
        request_id=str(uuid.uuid4()),
    )


def an_update(workflow_id: str = "order") -> rpc.UpdateWorkflowExecutionRequest:
    return rpc.UpdateWorkflowExecutionRequest(
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        request=Request(meta=Meta(update_id=str(uuid.uuid4())), input=Input(name="pay")),
    )


async def test_what_was_sent_is_answered_as_before_and_what_was_not_is_sent() -> None:
    server = Server()
    assert [await server.ask(call, 1) for call in (a_start(), a_signal("a"))] == [started("1"), b"2"]
    again = [await server.ask(call, 2) for call in (a_start(), a_signal("a"), a_signal("b"))]
    assert again == [started("1"), b"2", b"3"]
    assert [act.facts_as(CallRecalled) for act in server.tape.entries] == [
        CallRecalled(operation="StartWorkflowExecution", workflow_id="order"),
        CallRecalled(operation="SignalWorkflowExecution", workflow_id="order"),
    ]
    third = [await server.ask(call, 3) for call in (a_start(), a_signal("a"), a_signal("b"))]
    assert third == [started("1"), b"2", b"3"]


async def test_the_same_said_twice_by_one_process_is_two_calls_for_each() -> None:
    server = Server()
    first = [await server.ask(a_signal("a"), 1) for _ in range(2)]
    second = [await server.ask(a_signal("a"), 2) for _ in range(3)]
    assert (first, second) == ([b"1", b"2"], [b"1", b"2", b"3"])


async def test_what_says_the_same_goes_before_what_is_next_in_order() -> None:
    server = Server()
    await server.ask(a_signal("a"), 1)
    await server.ask(a_signal("b"), 1)
    assert [await server.ask(a_signal(value), 2) for value in ("b", "a")] == [b"2", b"1"]


async def test_a_start_under_an_id_made_up_anew_is_the_start_that_was_made_and_its_id_the_old_one() -> None:
    server = Server()
    await server.ask(a_start("order-1f"), 1)
    assert await server.ask(a_start("order-2c"), 2) == started("1")
    await server.ask(a_signal("a", "order-2c"), 2)
    await server.ask(rpc.GetWorkflowExecutionHistoryRequest(execution=WorkflowExecution(workflow_id="order-2c")), 2)
    assert server.asked[1].workflow_execution.workflow_id == "order-1f"
    assert server.asked[2].execution.workflow_id == "order-1f"


async def test_the_workflow_task_that_came_with_a_start_is_not_handed_out_again() -> None:
    calls = OwnCalls(LiveTape())

    async def send() -> bytes:
        return started("1", token=b"t")

    answers = [await calls.once("StartWorkflowExecution", a_start(), worker, send) for worker in (1, 2)]
    assert answers == [started("1", token=b"t"), started("1")]


async def test_an_update_is_waited_for_and_asked_after_by_the_id_that_it_has() -> None:
    server, sent = Server(), an_update()
    await server.ask(sent, 1)
    again = an_update()
    assert await server.ask(again, 2) == b"1"
    reference = UpdateRef(
        workflow_execution=WorkflowExecution(workflow_id="order"), update_id=again.request.meta.update_id
    )
    await server.ask(rpc.PollWorkflowExecutionUpdateRequest(update_ref=reference), 2)
    assert server.asked[1].update_ref.update_id == sent.request.meta.update_id


async def test_a_call_that_is_still_under_way_is_waited_for() -> None:
    calls, answered = OwnCalls(LiveTape()), asyncio.Event()

    async def slow() -> bytes:
        await answered.wait()
        return b"at last"

    async def never() -> bytes:
        raise AssertionError("it was sent twice")

    first = asyncio.create_task(calls.once("SignalWorkflowExecution", a_signal(), 1, slow))
    await asyncio.sleep(0)
    second = asyncio.create_task(calls.once("SignalWorkflowExecution", a_signal(), 2, never))
    await asyncio.sleep(0)
    answered.set()
    assert await asyncio.gather(first, second) == [b"at last", b"at last"]


async def test_what_failed_or_was_given_up_is_asked_anew() -> None:
    server = Server()
    server.refuses = True
    with pytest.raises(grpc.aio.AioRpcError):
        await server.ask(a_signal(), 1)
    server.refuses = False
    assert await server.ask(a_signal(), 2) == b"1"


async def test_queries_are_recalled_by_their_name_and_order() -> None:
    server = Server()
    ask = [rpc.QueryWorkflowRequest(query=WorkflowQuery(query_type=name)) for name in ("state", "state", "cost")]
    assert [await server.ask(each, 1) for each in ask] == [b"1", b"2", b"3"]
    assert [await server.ask(each, 2) for each in (*ask[1:], *ask[:1], *ask[:1])] == [b"1", b"3", b"2", b"4"]


async def test_another_program_s_calls_are_its_own() -> None:
    server = Server()
    assert [await server.ask(a_signal(), worker) for worker in (0, 1, 0)] == [b"1", b"2", b"3"]
    assert server.tape.entries == []
