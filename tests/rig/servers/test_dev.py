"""The development server starts on its own port and file, and goes on after kill -9."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from harness.processes.ports import is_free
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer


@activity.defn
async def double(number: int) -> int:
    return number * 2


@workflow.defn(sandboxed=False)
class Waiting:
    def __init__(self) -> None:
        self.number = 0

    @workflow.run
    async def run(self) -> int:
        first = await workflow.execute_activity(double, 1, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self.number > 0)
        return first + await workflow.execute_activity(
            double, self.number, start_to_close_timeout=timedelta(seconds=10)
        )

    @workflow.signal
    def go(self, number: int) -> None:
        self.number = number

    @workflow.query
    def reached(self) -> int:
        return self.number


@pytest.fixture
async def binary() -> Path:
    return (await find_temporal()).path


@pytest.fixture
async def server(binary: Path, tmp_path: Path) -> AsyncIterator[DevServer]:
    async with DevServer(binary, folder=tmp_path / "server", namespaces=["slot-1"]) as server:
        yield server


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="queue", workflows=[Waiting], activities=[double])


async def test_a_running_workflow_survives_kill_and_restart(server: DevServer) -> None:
    port, pid, database = server.port, server.pid, server.database
    client = await Client.connect(server.address, namespace="slot-1")
    async with worker(client):
        handle = await client.start_workflow(Waiting.run, id="survivor", task_queue="queue")
        assert await handle.query(Waiting.reached) == 0
        await server.kill()
        assert not server.alive
        assert is_free(port)
        await server.restart()
        assert (server.port, server.database) == (port, database)
        assert server.pid != pid
        await handle.signal(Waiting.go, 20)
        assert await handle.result() == 42


async def test_a_namespace_made_at_run_time_is_of_use_at_once_and_kept(server: DevServer) -> None:
    await server.register_namespace("slot-2")
    await server.register_namespace("slot-2")
    client = await Client.connect(server.address, namespace="slot-2")
    async with worker(client):
        handle = await client.start_workflow(
            Waiting.run, id="late", task_queue="queue", start_signal="go", start_signal_args=[1]
        )
        assert await handle.result() == 4
    await server.restart()
    assert "slot-2" in server.namespaces
    assert (await client.get_workflow_handle("late").describe()).status is not None


async def test_stop_ends_it_and_start_goes_on_with_the_file(server: DevServer) -> None:
    client = await Client.connect(server.address)
    await client.start_workflow("Unserved", id="kept", task_queue="nobody")
    pid = server.pid
    await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await server.start()
    assert (await client.get_workflow_handle("kept").describe()).id == "kept"


async def test_it_listens_on_this_machine_alone(server: DevServer) -> None:
    connections = psutil.Process(server.pid).net_connections("inet")
    listening = {found.laddr for found in connections if found.status == psutil.CONN_LISTEN}
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert server.port in {address.port for address in listening}


async def test_settings_and_search_attributes_reach_the_server(binary: Path, tmp_path: Path) -> None:
    attributes = {"Colour": "Keyword"}
    settings = {"frontend.activityAPIsEnabled": True, "limit.maxIDLength": 12}
    async with DevServer(binary, folder=tmp_path, search_attributes=attributes, dynamic_config=settings) as server:
        client = await Client.connect(server.address)
        with pytest.raises(Exception, match="exceeds"):
            await client.start_workflow("Any", id="longer-than-twelve", task_queue="queue")
        assert [found async for found in client.list_workflows("Colour = 'blue'")] == []
