"""The messages of the WorkflowService are looked up by the name of an operation."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse

from harness.temporal.service import request_type, response_type


def test_an_operation_names_its_messages() -> None:
    assert request_type("PollWorkflowTaskQueue") is PollWorkflowTaskQueueRequest
    assert response_type("PollWorkflowTaskQueue") is PollWorkflowTaskQueueResponse
    assert request_type("NobodyKnowsThis") is response_type("NobodyKnowsThis") is None
