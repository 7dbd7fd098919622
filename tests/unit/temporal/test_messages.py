"""The parts of a message are all that it holds, but for what is in payloads and maps."""

from __future__ import annotations

from temporalio.api.common.v1 import Header, Payload, Payloads, WorkflowExecution
from temporalio.api.update.v1 import Input, Meta, Request
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.temporal.messages import parts


def test_every_message_within_is_a_part_in_the_order_of_its_field() -> None:
    sent = rpc.UpdateWorkflowExecutionRequest(
        workflow_execution=WorkflowExecution(workflow_id="w"),
        request=Request(
            meta=Meta(update_id="u"),
            input=Input(
                name="pay", args=Payloads(payloads=[Payload(data=b"1")]), header=Header(fields={"trace": Payload()})
            ),
        ),
    )
    assert [part.DESCRIPTOR.name for part in parts(sent)] == [
        "UpdateWorkflowExecutionRequest",
        "WorkflowExecution",
        "Request",
        "Meta",
        "Input",
    ]


def test_each_of_several_is_a_part() -> None:
    one, two = (rpc.ExecuteMultiOperationRequest.Operation(start_workflow={"workflow_id": name}) for name in "ab")
    sent = rpc.ExecuteMultiOperationRequest(operations=[one, two])
    assert [part.workflow_id for part in parts(sent) if hasattr(part, "workflow_id")] == ["a", "b"]
