"""Commands to SDK core take the names and the form that commands to the server have."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from harness.replay.in_process.sdk_core_commands import of_sdk_core
from harness.temporal.command import Command
from harness.temporal.fields import payload_fields

VALUE = Payload(metadata={"encoding": b"json/plain"}, data=b"1")


@pytest.mark.parametrize(
    ("variant", "body", "kind", "fields"),
    [
        (
            "schedule_activity",
            {
                "seq": 1,
                "activity_id": "1",
                "activity_type": "book",
                "arguments": [VALUE],
                "do_not_eagerly_execute": True,
            },
            "ScheduleActivityTask",
            {"activityId": "1", "activityType": "book", "input.0": payload_fields(VALUE)},
        ),
        (
            "start_timer",
            {"seq": 3, "start_to_fire_timeout": {"seconds": 5}},
            "StartTimer",
            {"timerId": "3", "startToFireTimeout": 5.0},
        ),
        (
            "complete_workflow_execution",
            {"result": VALUE},
            "CompleteWorkflowExecution",
            {"result.0": payload_fields(VALUE)},
        ),
        (
            "set_patch_marker",
            {"patch_id": "new", "deprecated": True},
            "RecordMarker",
            {"markerName": "core_patch", "patchId": "new", "deprecated": True},
        ),
        (
            "cancel_child_workflow_execution",
            {"child_workflow_seq": 2, "reason": "over"},
            "RequestCancelExternalWorkflowExecution",
            {"seq": 2, "childWorkflowOnly": True, "reason": "over"},
        ),
        (
            "signal_external_workflow_execution",
            {"seq": 4, "child_workflow_id": "kid", "signal_name": "go"},
            "SignalExternalWorkflowExecution",
            {"workflowId": "kid", "childWorkflowOnly": True, "signalName": "go"},
        ),
        (
            "update_response",
            {"protocol_instance_id": "u1", "rejected": Failure(message="no")},
            "UpdateRejected",
            {"updateId": "u1", "failure.message": "no"},
        ),
        (
            "update_response",
            {"protocol_instance_id": "u1", "completed": VALUE},
            "UpdateCompleted",
            {"updateId": "u1", "outcome.success.0": payload_fields(VALUE)},
        ),
    ],
)
def test_command_has_the_form_of_the_server(
    variant: str, body: dict[str, Any], kind: str, fields: dict[str, Any]
) -> None:
    command = WorkflowCommand(**{variant: body})
    assert of_sdk_core(command, line="w.py:1 in run") == Command(kind=kind, fields=fields, line="w.py:1 in run")


def test_command_of_an_unknown_kind() -> None:
    assert of_sdk_core(WorkflowCommand()).kind == "Unknown"
