"""The door changes a start only where the trial needs short task timeouts."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.trial.start_request import StartRequests

STARTS = ["StartWorkflowExecution", "SignalWithStartWorkflowExecution"]


def request(operation: str, **fields: Any) -> Any:
    return getattr(rpc, f"{operation}Request")(workflow_id="order-1", **fields)


async def answered() -> bytes:
    return b"answer"


@pytest.mark.parametrize("operation", STARTS)
async def test_a_start_is_as_the_program_wrote_it(operation: str) -> None:
    sent = request(operation)
    assert await StartRequests(task_timeout=0).execute(operation, sent, 1, answered) == b"answer"
    assert sent == request(operation)


@pytest.mark.parametrize("operation", STARTS)
async def test_the_task_timeout_is_set_only_where_none_is_declared(operation: str) -> None:
    door = StartRequests(task_timeout=2.5)
    sent = request(operation)
    await door.execute(operation, sent, 1, answered)
    assert sent.workflow_task_timeout.ToMilliseconds() == 2500
    declared = request(operation)
    declared.workflow_task_timeout.FromSeconds(7)
    await door.execute(operation, declared, 1, answered)
    assert declared.workflow_task_timeout.ToSeconds() == 7


async def test_no_other_request_is_touched() -> None:
    sent = rpc.SignalWorkflowExecutionRequest(signal_name="go")
    await StartRequests(task_timeout=2.5).execute("SignalWorkflowExecution", sent, 2, answered)
    assert sent == rpc.SignalWorkflowExecutionRequest(signal_name="go")
