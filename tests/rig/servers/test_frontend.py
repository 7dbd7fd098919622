"""A call of crashproof's own waits for a server that was killed; what the server refuses is raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from temporalio.api.common.v1 import WorkflowExecution

from harness.processes.ports import IP, free_port
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer, pending_activities
from tests.wire import wire_door


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[DevServer]:
    async with DevServer((await find_temporal()).path, folder=tmp_path) as server:
        yield server


@pytest.fixture
async def frontend(server: DevServer) -> AsyncIterator[Frontend]:
    async with Frontend(address=server.address, namespace="default") as frontend:
        yield frontend


async def begin(frontend: Frontend, workflow_id: str) -> str:
    """Start a workflow that nobody works on, and return its run id."""
    started = await frontend.call(
        "StartWorkflowExecution",
        workflow_id=workflow_id,
        request_id=workflow_id,
        workflow_type={"name": "Nobody"},
        task_queue={"name": "nobody"},
    )
    return str(started.run_id)


async def test_no_proxy_is_asked_that_the_environment_names(server: DevServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{IP}:{free_port()}")
    async with (
        wire_door(server.address) as proxy,
        Frontend(address=proxy.address, namespace="default") as through,
        Frontend(address=server.address, namespace="default") as past,
    ):
        for number, frontend in enumerate((through, past)):
            assert await begin(frontend, f"no-proxy-{number}")


async def test_a_call_waits_for_a_server_that_was_killed(server: DevServer, frontend: Frontend) -> None:
    run_id = await begin(frontend, "one")
    await server.kill()
    asking = asyncio.create_task(frontend.history(workflow_id="one", run_id=run_id))
    await server.start()
    events = await asking
    assert events[0]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    assert await pending_activities(frontend, RunOnServer("one", run_id)) == []


async def test_the_close_of_a_run_is_waited_for(frontend: Frontend) -> None:
    run_id = await begin(frontend, "one")
    closing = asyncio.create_task(frontend.close_event(workflow_id="one", run_id=run_id))
    await frontend.call("TerminateWorkflowExecution", workflow_execution=WorkflowExecution(workflow_id="one"))
    event = await closing
    assert event.HasField("workflow_execution_terminated_event_attributes")


async def test_what_the_server_refuses_is_raised_at_once(frontend: Frontend) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await frontend.history(workflow_id="no-such", run_id="")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
