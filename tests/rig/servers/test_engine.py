"""What the record of an engine says it can do, the running server does; what it says it lacks, the server refuses."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import Client

from harness.servers.binaries import TEST_SERVER, find, find_temporal
from harness.servers.dev import DevServer
from harness.servers.engine import engines
from harness.servers.frontend import Frontend
from harness.servers.lifecycle import Server
from harness.servers.time_skipping import TimeSkippingServer


async def server_of(name: str, folder: Path) -> Server:
    if name == "dev":
        return DevServer((await find_temporal()).path, folder=folder, skips_time=True)
    return TimeSkippingServer((await find(TEST_SERVER)).path, folder=folder)


async def answers(frontend: Frontend, operation: str, **fields: Any) -> bool:
    """Tell whether the server has the RPC; that it refuses these fields is an answer too."""
    try:
        await frontend.call(operation, **fields)
    except grpc.aio.AioRpcError as error:
        return error.code() is not grpc.StatusCode.UNIMPLEMENTED
    return True


@pytest.mark.parametrize("name", engines())
async def test_the_record_is_what_the_server_does(name: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await server_of(name, tmp_path))
        frontend = await stack.enter_async_context(Frontend(address=server.address, namespace="default"))
        client = await Client.connect(server.address)
        handle = await client.start_workflow("Unserved", id="one", task_queue="nobody")
        run = WorkflowExecution(workflow_id="one", run_id=handle.first_execution_run_id or "")
        found = {
            "acceleration": await answers(frontend, "ResetStickyTaskQueue", execution=run)
            and await answers(frontend, "UpdateActivityOptions", execution=run, id="1"),
            "activities without a workflow": await answers(frontend, "StartActivityExecution", activity_id="one"),
            "persistence": server.database is not None and server.database.exists(),
        }
        assert await answers(frontend, "RegisterNamespace") is engines()[name].makes_namespaces
        assert await answers(frontend, "ListWorkflowExecutions") is engines()[name].lists_workflows
        assert server.engine == name
        await server.restart()
        try:
            found["restart"] = (await handle.describe()).run_id == handle.first_execution_run_id
        except Exception:  # it knows nothing of the run
            found["restart"] = False
    recorded = {need: need in engines()[name].needs for need in found}
    assert found == recorded
