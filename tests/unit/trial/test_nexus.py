"""Nexus endpoints that a workflow calls are made once, lead to who serves them, and never to another trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from temporalio.api.command.v1 import Command, ScheduleNexusOperationCommandAttributes
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.proxy import send_it
from harness.errors import RigError, UsageError
from harness.trial.live_tape import LiveTape
from harness.trial.nexus import NexusEndpoints


class Server:
    """Knows endpoints by name: the namespace that each leads to, and the task queue of those made here."""

    namespace = "trial-1"

    def __init__(self, **known: str) -> None:
        self.known = known
        self.queues: dict[str, str] = {}

    async def nexus_endpoint(self, name: str) -> str | None:
        return self.known.get(name)

    async def create_nexus_endpoint(self, name: str, *, task_queue: str) -> None:
        self.known[name] = self.namespace
        self.queues[name] = task_queue

    async def delete_nexus_endpoints(self) -> None:
        self.known.clear()


async def answered() -> bytes:
    return b"answer"


def endpoints(
    server: Any, declared: Mapping[str, str] = {}, *, shared: bool = True, tape: LiveTape | None = None
) -> NexusEndpoints:
    return NexusEndpoints(
        server, declared=declared, tape=tape or LiveTape(), shared=shared, called=lambda: None, execute=send_it
    )


async def polled(nexus: NexusEndpoints, queue: str) -> None:
    request = rpc.PollNexusTaskQueueRequest(task_queue=TaskQueue(name=queue))
    await nexus.execute("PollNexusTaskQueue", request, 1, answered)


async def called(nexus: NexusEndpoints, name: str) -> bytes:
    attributes = ScheduleNexusOperationCommandAttributes(endpoint=name)
    request = rpc.RespondWorkflowTaskCompletedRequest(
        commands=[Command(schedule_nexus_operation_command_attributes=attributes)]
    )
    return await nexus.execute("RespondWorkflowTaskCompleted", request, 1, answered)


async def test_an_endpoint_that_is_called_is_made_for_the_queue_that_serves_and_taken_away() -> None:
    server = Server()
    async with endpoints(server) as nexus:
        await polled(nexus, "notes")
        assert [await called(nexus, "one") for _ in range(2)] == [b"answer", b"answer"]
        assert server.queues == {"one": "notes"}
    assert server.known == {}


async def test_one_that_is_declared_is_there_from_the_start_and_stays_on_a_server_of_its_own() -> None:
    server = Server()
    async with endpoints(server, {"one": "here"}, shared=False) as nexus:
        await polled(nexus, "notes")
        await called(nexus, "one")
    assert server.queues == {"one": "here"}
    assert server.known == {"one": "trial-1"}


@pytest.mark.parametrize(("queues", "served"), [((), "none"), (("b", "a"), "several: a, b")])
async def test_where_it_is_not_known_who_serves_the_user_is_asked(queues: tuple[str, ...], served: str) -> None:
    tape = LiveTape()
    async with endpoints(Server(), tape=tape) as nexus:
        for queue in queues:
            await polled(nexus, queue)
        await called(nexus, "one")
    assert isinstance(tape.failure, UsageError)
    assert f"there are {served}: give --nexus-endpoint one=QUEUE" in str(tape.failure)


async def test_one_that_leads_to_another_trial_is_no_endpoint_of_this_one() -> None:
    tape = LiveTape()
    async with endpoints(Server(one="trial-2"), shared=False, tape=tape) as nexus:
        await called(nexus, "one")
    assert isinstance(tape.failure, RigError)
    assert "at the same time" in str(tape.failure)
