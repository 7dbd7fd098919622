"""How Nexus operations end by themselves: the worker's own handlers are asked once for each operation and input."""

from __future__ import annotations

import time
import uuid

from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import StartChildWorkflowExecutionInitiatedEventAttributes
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.worker import ExploredWorker, Lost
from harness.replay.explore.world import KnownOutcome, Pending


class Operations:
    """Starts Nexus operations of explored runs by the worker's own handlers.

    Args:
        worker: Whose handlers are asked.
    """

    def __init__(self, worker: ExploredWorker) -> None:
        self._worker = worker

    async def start(self, pending: Pending) -> KnownOutcome | Pending:
        """Return how an operation ends; or where it is a workflow that the handler starts, that workflow."""
        why = f"how {pending.shown} ends: "
        queue = await self._queue(pending.attributes.endpoint)
        if not queue:
            return KnownOutcome(why_not=f"{why}the worker serves no Nexus operations, so that nobody's code answers")
        before = self._worker.workflows_started
        answer = await self._worker.execute(_task(pending), queue=queue, what=f"Nexus operation {pending.type}")
        if isinstance(answer, Lost):
            return KnownOutcome(why_not=f"{why}{answer.reason}")
        if isinstance(answer, rpc.RespondNexusTaskFailedRequest):
            failed = answer.failure if answer.HasField("failure") else answer.error.failure
            return KnownOutcome(why_not=f"{why}its handler raises, and is tried again: {failed.message}")
        started = answer.response.start_operation
        match started.WhichOneof("variant"):
            case "sync_success":
                return KnownOutcome(result=Payloads(payloads=[started.sync_success.payload]))
            case "operation_error":
                return KnownOutcome(failure=Failure(message=started.operation_error.failure.message, source="Nexus"))
            case "failure":
                return KnownOutcome(failure=started.failure)
        workflow = self._worker.workflow_started(since=before)
        if workflow is None:
            return KnownOutcome(why_not=f"{why}its handler starts something that is no workflow")
        return _as_child(workflow, pending)

    async def _queue(self, endpoint: str) -> str:
        """Return the task queue that an endpoint leads to; empty where that is not known."""
        named = self._worker.nexus_endpoints.get(endpoint, "")
        polled = await self._worker.execution_queues(rpc.PollNexusTaskQueueResponse, wanted=named)
        return named or (polled[0] if len(polled) == 1 else "")


def _task(pending: Pending) -> rpc.PollNexusTaskQueueResponse:
    attributes = pending.attributes
    task = rpc.PollNexusTaskQueueResponse()
    task.request.endpoint = attributes.endpoint
    task.request.scheduled_time.FromNanoseconds(time.time_ns())
    for name, value in attributes.nexus_header.items():
        task.request.header[name] = value
    start = task.request.start_operation
    start.service, start.operation = attributes.service, attributes.operation
    start.request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, pending.subject))
    if attributes.HasField("input"):
        start.payload.CopyFrom(attributes.input)
    return task


def _as_child(workflow: rpc.StartWorkflowExecutionRequest, operation: Pending) -> Pending:
    """Return a workflow that a handler has started, as one that is under way."""
    attributes = StartChildWorkflowExecutionInitiatedEventAttributes(
        workflow_id=workflow.workflow_id,
        workflow_type=workflow.workflow_type,
        task_queue=workflow.task_queue,
        input=workflow.input,
    )
    return Pending(
        kind="child",
        event_id=operation.event_id,
        type=workflow.workflow_type.name,
        subject=operation.subject,
        shown=operation.shown,
        attributes=attributes,
        at=operation.at,
    )
