"""Records histories of the sample worker with a real server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.converter import DataConverter

from harness.processes.command import environment
from harness.processes.process import Process
from harness.records.evidence import History
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.servers.frontend import Frontend
from tests.rig.replayed.workflows import Counting, Greedy, Order, Parting

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.rig.replayed.worker"]
LIMIT = 200.0
Recorded = dict[str, History]
RESULT = "reserved lamp, shipped lamp, 4 approved by Ada"


@asynccontextmanager
async def worker(address: str, logs: Path, *command: str, **settings: str) -> AsyncIterator[Process]:
    """Run a worker process, the sample worker by default."""
    env = environment({"TEMPORAL_ADDRESS": address, **settings})
    process = await Process.start(command or COMMAND, name="worker", logs=logs, cwd=ROOT, env=env)
    try:
        yield process
    finally:
        await process.kill()


async def history_of(frontend: Frontend, workflow_id: str, run_id: str) -> History:
    """Return the history of a run."""
    events = await frontend.history(workflow_id=workflow_id, run_id=run_id)
    return History(workflow_id=workflow_id, run_id=run_id, path="", root=True, events=tuple(events))


async def record(logs: Path, *, data_converter: DataConverter = DataConverter.default, **settings: str) -> Recorded:
    """Record one history of each workflow type, by workflow id."""
    binary = (await find_temporal()).path
    async with asyncio.timeout(LIMIT), DevServer(binary, folder=logs) as server:
        client = await Client.connect(server.address, data_converter=data_converter)
        async with (
            worker(server.address, logs, **settings),
            Frontend(address=server.address, namespace="default") as frontend,
        ):
            counting = await client.start_workflow(Counting.run, id="counting-1", task_queue="orders")
            greedy = await client.start_workflow(Greedy.run, id="greedy-1", task_queue="orders")
            parting = await client.start_workflow(Parting.run, id="parting-1", task_queue="orders")
            await asyncio.gather(_order(client), counting.result(), greedy.result(), parting.result())
            found = {}
            for workflow_id in ("order-1", "order-1-shipping", "counting-1", "greedy-1", "parting-1"):
                run_id = (await client.get_workflow_handle(workflow_id).describe()).run_id
                found[workflow_id] = await history_of(frontend, workflow_id, run_id)
            return found


async def _order(client: Client) -> None:
    order = await client.start_workflow(Order.run, "lamp", id="order-1", task_queue="orders")
    with pytest.raises(WorkflowUpdateFailedError):
        await order.execute_update(Order.approve, "")
    assert await order.execute_update(Order.approve, "Ada") == "thanks, Ada"
    await order.signal(Order.pay)
    assert await order.result() == RESULT
