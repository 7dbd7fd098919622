"""Records what a worker answers to workflow tasks, as it passes the door, beside the histories that come of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest
from temporalio.client import (
    Client,
    WorkflowContinuedAsNewError,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.worker import Worker

from harness.doors.wire.proxy import Send
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.temporal.command import TaskDecisions, of_answer
from tests.replay import all_commands
from tests.wire import wire_door

Handle = WorkflowHandle[Any, Any]
MINUTE = timedelta(minutes=1)
WORKFLOWS = [
    all_commands.Activities,
    all_commands.Cancelled,
    all_commands.Capped,
    all_commands.Child,
    all_commands.Everything,
    all_commands.Stumbling,
]
_ids = itertools.count(1)
_COMPLETED = "RespondWorkflowTaskCompleted"
_TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


@dataclass
class Recording:
    """One run of a workflow: its events, and by started event id what the worker answered."""

    events: list[HistoryEvent] = field(default_factory=list)
    requests: dict[int, RespondWorkflowTaskCompletedRequest] = field(default_factory=dict)

    @property
    def decided(self) -> list[TaskDecisions]:
        return [
            TaskDecisions(started_event_id=started, commands=of_answer(request.commands, messages=request.messages))
            for started, request in sorted(self.requests.items())
        ]


class Recorder:
    """Learns run and started event of each workflow task from poll answers, and keeps the answer to it."""

    def __init__(self) -> None:
        self.runs: dict[str, Recording] = {}
        self._tasks: dict[bytes, tuple[str, int]] = {}

    def reply(self, operation: str, reply: Any) -> bool:
        task = reply.workflow_task if operation == _COMPLETED else reply
        if operation in (_COMPLETED, "PollWorkflowTaskQueue") and task.task_token:
            self._tasks[task.task_token] = (task.workflow_execution.run_id, task.started_event_id)
        return False

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        if operation == _COMPLETED:
            run_id, started = self._tasks[request.task_token]
            kept = RespondWorkflowTaskCompletedRequest.FromString(request.SerializeToString())
            self.runs.setdefault(run_id, Recording()).requests[started] = kept
        return await send()


@asynccontextmanager
async def recording(folder: Path) -> AsyncIterator[tuple[Client, Recorder]]:
    """Run a server, the door, and a worker for all workflows of ``all_commands``; yield a client past the door."""
    binary = (await find_temporal()).path
    recorder = Recorder()
    async with (
        DevServer(binary, folder=folder, search_attributes={"Topic": "Keyword", "Count": "Int"}) as server,
        wire_door(server.address, execute=recorder.execute, mend=recorder.reply) as door,
    ):
        client = await Client.connect(server.address)
        await _endpoint(client)
        async with _worker(await Client.connect(door.address)):
            yield client, recorder


async def record_all(folder: Path) -> Mapping[str, Recording]:
    """Run every workflow of ``all_commands`` once; return each run by a name of its own."""
    async with recording(folder) as (client, recorder), asyncio.timeout(120):
        activities = await _started(client, all_commands.Activities.run)
        stumbling = await _started(client, all_commands.Stumbling.run)
        await stumbling.signal(all_commands.Stumbling.tell, "early")
        capped = await _started(client, all_commands.Capped.run, 0, run_timeout=MINUTE, execution_timeout=2 * MINUTE)
        return {
            "activities": await _closed(client, recorder, activities),
            "stumbling": await _closed(client, recorder, stumbling),
            "cancelled": await _cancelled(client, recorder),
            **await _chain(client, recorder, "capped", capped),
            **await _chain(client, recorder, "everything", await _updated(client)),
        }


async def _endpoint(client: Client) -> None:
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace="default", task_queue=all_commands.TASK_QUEUE))
    spec = EndpointSpec(name=all_commands.ENDPOINT, target=target)
    await client.operator_service.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))


def _worker(client: Client) -> Worker:
    return Worker(
        client,
        task_queue=all_commands.TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=[all_commands.ask, all_commands.note],
        nexus_service_handlers=[all_commands.OracleHandler()],
    )


async def _started(client: Client, run: Any, *args: Any, **options: Any) -> Handle:
    name = f"recorded-{next(_ids)}"
    return await client.start_workflow(run, args=args, id=name, task_queue=all_commands.TASK_QUEUE, **options)


async def _updated(client: Client) -> Handle:
    """Send an update that is completed, one that is rejected, and one that fails."""
    handle = await _started(client, all_commands.Everything.run, 0)
    for number in (5, -1, 13):
        with suppress(WorkflowUpdateFailedError):
            await handle.execute_update(all_commands.Everything.raise_by, number)
    return handle


async def _cancelled(client: Client, recorder: Recorder) -> Recording:
    handle = await _started(client, all_commands.Cancelled.run)
    while handle.first_execution_run_id not in recorder.runs:
        await asyncio.sleep(0.01)
    await handle.cancel()
    return await _closed(client, recorder, handle)


async def _chain(client: Client, recorder: Recorder, name: str, handle: Handle) -> dict[str, Recording]:
    """Return the two runs of a workflow that continues as new once."""
    first = await _closed(client, recorder, handle)
    run_id = first.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return {name: first, f"{name} again": await _closed(client, recorder, handle, run_id=run_id)}


async def _closed(client: Client, recorder: Recorder, handle: Handle, *, run_id: str | None = None) -> Recording:
    run_id = run_id or handle.first_execution_run_id or ""
    of_run = client.get_workflow_handle(handle.id, run_id=run_id)
    with suppress(WorkflowFailureError, WorkflowContinuedAsNewError):
        await of_run.result(follow_runs=False)
    found = recorder.runs[run_id]
    found.events = list((await of_run.fetch_history()).events)
    # A speculative task whose update was rejected leaves nothing in the history, and its id to another event.
    of_task = {event.event_id for event in found.events if event.event_type == _TASK_STARTED}
    found.requests = {started: request for started, request in found.requests.items() if started in of_task}
    return found
