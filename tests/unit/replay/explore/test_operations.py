"""How Nexus operations end, as the answer of the worker's own handler says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import NexusOperationScheduledEventAttributes
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.operations import Operations
from harness.replay.explore.worker import ExploredWorker, Lost
from harness.replay.explore.world import KnownOutcome, Pending

WRITES = Pending(
    kind="nexus",
    event_id=5,
    type="Notes.write",
    subject="Notes.write#1",
    shown="Notes.write.1",
    attributes=NexusOperationScheduledEventAttributes(
        endpoint="notes", service="Notes", operation="write", input=Payload(data=b'"moss"')
    ),
    at=0.0,
)


class Served:
    """Stands for a worker that serves Nexus operations, and answers each with the same."""

    def __init__(self, answer: Any, *, queues: tuple[str, ...] = ("notes",), named: Mapping[str, str] | None = None):
        self.nexus_endpoints = named or {}
        self.workflows_started = 0
        self.asked: list[rpc.PollNexusTaskQueueResponse] = []
        self._answer = answer
        self._queues = list(queues)

    async def execution_queues(self, task: type[Any], *, wanted: str = "") -> list[str]:
        return self._queues

    async def execute(self, task: rpc.PollNexusTaskQueueResponse, *, queue: str, what: str) -> Any:
        self.asked.append(task)
        self.workflows_started += isinstance(self._answer, rpc.StartWorkflowExecutionRequest)
        if not isinstance(self._answer, rpc.StartWorkflowExecutionRequest):
            return self._answer
        started = rpc.RespondNexusTaskCompletedRequest()
        started.response.start_operation.async_success.operation_token = "token"
        return started

    def workflow_started(self, *, since: int) -> Any:
        return self._answer if self.workflows_started > since else None


async def started(served: Served) -> KnownOutcome | Pending:
    return await Operations(cast(ExploredWorker, served)).start(WRITES)


async def test_an_operation_that_answers_at_once_has_its_result() -> None:
    answer = rpc.RespondNexusTaskCompletedRequest()
    answer.response.start_operation.sync_success.payload.data = b'"About moss."'
    served = Served(answer)
    outcome = await started(served)
    assert isinstance(outcome, KnownOutcome)
    assert outcome.result is not None
    assert outcome.result.payloads[0].data == b'"About moss."'
    (task,) = served.asked
    assert (task.request.start_operation.operation, task.request.start_operation.payload.data) == ("write", b'"moss"')


async def test_an_operation_that_fails_has_its_failure() -> None:
    answer = rpc.RespondNexusTaskCompletedRequest()
    answer.response.start_operation.operation_error.failure.message = "no paper"
    outcome = await started(Served(answer))
    assert isinstance(outcome, KnownOutcome)
    assert outcome.failure is not None
    assert outcome.failure.message == "no paper"


async def test_an_operation_that_is_a_workflow_is_that_workflow() -> None:
    request = rpc.StartWorkflowExecutionRequest(workflow_id="write-moss")
    request.workflow_type.name = "Writing"
    child = await started(Served(request))
    assert isinstance(child, Pending)
    assert (child.kind, child.type, child.attributes.workflow_id) == ("child", "Writing", "write-moss")


FAILED = rpc.RespondNexusTaskFailedRequest()
FAILED.failure.message = "handler is broken"
NOBODY = "the worker serves no Nexus operations, so that nobody's code answers"


@pytest.mark.parametrize(
    ("served", "why_not"),
    [
        (Served(None, queues=()), "the worker serves no Nexus operations, so that nobody's code answers"),
        (
            Served(None, queues=("notes", "mails")),
            "the worker serves no Nexus operations, so that nobody's code answers",
        ),
        (Served(Lost("it has gone"), named={"notes": "mails"}), "it has gone"),
        (Served(FAILED), "its handler raises, and is tried again: handler is broken"),
    ],
)
async def test_what_is_not_known_is_said(served: Served, why_not: str) -> None:
    outcome = await started(served)
    assert isinstance(outcome, KnownOutcome)
    assert outcome.why_not == f"how Notes.write.1 ends: {why_not}"
