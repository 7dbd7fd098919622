"""The full server keeps workflows over kill -9, on the same port and file, and skips time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from harness.errors import RigError
from harness.processes.ports import is_free
from harness.servers.binaries import find_full_server
from harness.servers.full import FullServer


@activity.defn
async def double(number: int) -> int:
    return number * 2


@workflow.defn(sandboxed=False)
class Waiting:
    def __init__(self) -> None:
        self.number = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.number > 0)
        return await workflow.execute_activity(double, self.number, start_to_close_timeout=timedelta(seconds=10))

    @workflow.signal
    def go(self, number: int) -> None:
        self.number = number


@pytest.fixture
async def binary() -> Path:
    return (await find_full_server()).path


@pytest.fixture
async def server(binary: Path, tmp_path: Path) -> AsyncIterator[FullServer]:
    async with FullServer(binary, folder=tmp_path / "server", namespaces=["slot-1"]) as server:
        yield server


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="queue", workflows=[Waiting], activities=[double])


async def test_a_running_workflow_survives_kill_and_restart(server: FullServer) -> None:
    port, pid, database = server.port, server.pid, server.database
    client = await Client.connect(server.address, namespace="slot-1")
    async with worker(client):
        handle = await client.start_workflow(Waiting.run, id="survivor", task_queue="queue")
        await server.kill()
        assert (server.alive, is_free(port)) == (False, True)
        await server.restart()
        assert (server.port, server.database) == (port, database)
        assert server.pid != pid
        await handle.signal(Waiting.go, 21)
        assert await handle.result() == 42


async def test_a_namespace_made_at_run_time_is_of_use_at_once_and_kept(server: FullServer) -> None:
    await server.register_namespace("slot-2")
    await server.register_namespace("slot-2")
    client = await Client.connect(server.address, namespace="slot-2")
    async with worker(client):
        handle = await client.start_workflow(
            Waiting.run, id="late", task_queue="queue", start_signal="go", start_signal_args=[1]
        )
        assert await handle.result() == 2
    await server.restart()
    assert server.namespaces == ["default", "slot-1", "slot-2"]
    assert (await client.get_workflow_handle("late").describe()).status is not None


async def test_stop_ends_it_and_start_goes_on_with_the_file(server: FullServer) -> None:
    client = await Client.connect(server.address)
    await client.start_workflow("Unserved", id="kept", task_queue="nobody")
    await server.stop()
    assert not server.alive
    await server.start()
    assert (await client.get_workflow_handle("kept").describe()).id == "kept"


async def test_it_listens_on_this_machine_alone_and_keeps_its_inner_ports(server: FullServer) -> None:
    def listening() -> set[tuple[str, int]]:
        connections = psutil.Process(server.pid).net_connections("inet")
        return {(found.laddr.ip, found.laddr.port) for found in connections if found.status == psutil.CONN_LISTEN}

    before = listening()
    assert len(before) == 8
    assert {address for address, _ in before} == {"127.0.0.1"}
    await server.restart()
    assert listening() == before


async def test_settings_reach_the_server(binary: Path, tmp_path: Path) -> None:
    async with FullServer(binary, folder=tmp_path, dynamic_config={"limit.maxIDLength": 12}) as server:
        settings = json.loads((tmp_path / "settings.json").read_text())
        assert settings["frontend.WorkflowTimeSkippingEnabled"] == [{"value": True}]
        client = await Client.connect(server.address)
        with pytest.raises(Exception, match="exceeds"):
            await client.start_workflow("Any", id="longer-than-twelve", task_queue="queue")


async def test_a_server_that_ends_at_start_is_told_with_its_log(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_text("this is no database" * 1000)
    with pytest.raises(RigError, match=r"(?s)ended while starting.*not a database"):
        await FullServer(binary, folder=tmp_path).start()
