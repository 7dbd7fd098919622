"""The time-skipping test server starts, stays on its port, keeps namespaces apart, and forgets all when killed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from harness.processes.ports import is_free
from harness.servers.binaries import TEST_SERVER, find
from harness.servers.frontend import Frontend
from harness.servers.time_skipping import TimeSkippingServer


@workflow.defn(sandboxed=False)
class Waiting:
    def __init__(self) -> None:
        self.number = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.number > 0)
        return self.number

    @workflow.signal
    def go(self, number: int) -> None:
        self.number = number


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TimeSkippingServer]:
    binary = (await find(TEST_SERVER)).path
    async with TimeSkippingServer(binary, folder=tmp_path / "server", namespaces=["slot-1"]) as server:
        yield server


async def test_a_workflow_runs_and_its_close_is_waited_for(server: TimeSkippingServer) -> None:
    client = await Client.connect(server.address, namespace="slot-1")
    async with (
        Worker(client, task_queue="queue", workflows=[Waiting]),
        Frontend(address=server.address, namespace="slot-1") as frontend,
    ):
        handle = await client.start_workflow(Waiting.run, id="one", task_queue="queue")
        await handle.signal(Waiting.go, 7)
        closed = await frontend.close_event(workflow_id="one", run_id=handle.first_execution_run_id or "")
        assert closed.HasField("workflow_execution_completed_event_attributes")


async def test_workflows_of_two_namespaces_do_not_see_each_other(server: TimeSkippingServer) -> None:
    await server.register_namespace("slot-2")
    assert server.namespaces == ["default", "slot-1", "slot-2"]
    one = await Client.connect(server.address, namespace="slot-1")
    two = await Client.connect(server.address, namespace="slot-2")
    first = await one.start_workflow("Any", id="same", task_queue="nobody")
    with pytest.raises(RPCError, match="not found"):
        await two.get_workflow_handle("same").describe()
    second = await two.start_workflow("Any", id="same", task_queue="nobody")
    assert first.first_execution_run_id != second.first_execution_run_id


async def test_what_it_knew_is_gone_after_a_kill(server: TimeSkippingServer) -> None:
    port, pid = server.port, server.pid
    client = await Client.connect(server.address)
    handle = await client.start_workflow("Any", id="forgotten", task_queue="nobody")
    await server.kill()
    assert (server.alive, is_free(port)) == (False, True)
    await server.restart()
    assert (server.port, server.database) == (port, None)
    assert server.pid != pid
    with pytest.raises(RPCError, match="not found"):
        await handle.describe()
