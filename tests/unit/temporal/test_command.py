"""Commands as flat fields: names, values, and what is left out."""

from __future__ import annotations

from typing import Any

from google.protobuf.any_pb2 import Any as Body
from google.protobuf.message import Message as Proto
from temporalio.api.command.v1 import Command as ApiCommand
from temporalio.api.failure.v1 import Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest

from harness.temporal.command import Command, of_answer, of_api, of_message
from harness.temporal.fields import payload_fields
from tests.replay.past import payload, told

WRITTEN_BY_SDK = {
    "seq": 3,
    "attempt": 2,
    "activity_id": "3",
    "activity_type": "note",
    "complete_time": {"seconds": 1795325482, "nanos": 5},
    "backoff": None,
    "original_schedule_time": {"seconds": 1795325481, "nanos": 1},
}


def marker(name: str, **details: Any) -> ApiCommand:
    attributes: Any = {"marker_name": name, "details": {key: {"payloads": [each]} for key, each in details.items()}}
    return ApiCommand(record_marker_command_attributes=attributes)


def message(message_id: str, body: Proto) -> Message:
    packed = Body()
    packed.Pack(body)
    return Message(id=message_id, protocol_instance_id="u1", body=packed)


def naming(message_id: str) -> ApiCommand:
    return ApiCommand(protocol_message_command_attributes={"message_id": message_id})  # type: ignore[arg-type]


def test_an_activity_is_told_flat() -> None:
    command = ApiCommand()
    told_by = command.schedule_activity_task_command_attributes
    told_by.activity_id = "1"
    told_by.activity_type.name = "book"
    told_by.task_queue.name = "q"
    told_by.input.payloads.extend([payload("a"), payload(2)])
    told_by.start_to_close_timeout.FromMilliseconds(1500)
    told_by.heartbeat_timeout.FromSeconds(0)
    told_by.retry_policy.maximum_attempts = 5
    told_by.retry_policy.non_retryable_error_types.append("Fatal")
    told_by.header.fields["trace"].CopyFrom(payload("t"))
    told_by.request_eager_execution = True
    assert of_api(command) == Command(
        kind="ScheduleActivityTask",
        fields={
            "activityId": "1",
            "activityType": "book",
            "taskQueue": "q",
            "header.trace": told("t"),
            "input.0": told("a"),
            "input.1": told(2),
            "startToCloseTimeout": 1.5,
            "retryPolicy.maximumAttempts": 5,
            "retryPolicy.nonRetryableErrorTypes": ["Fatal"],
        },
    )


def test_a_patch_marker_tells_patch_and_deprecation() -> None:
    data = payload({"id": "new-way", "deprecated": True})
    assert of_api(marker("core_patch", **{"patch-data": data})) == Command(
        kind="RecordMarker", fields={"markerName": "core_patch", "patchId": "new-way", "deprecated": True}
    )


def test_a_local_activity_tells_its_decision_and_not_the_clock() -> None:
    told_by = of_api(marker("core_local_activity", data=payload(WRITTEN_BY_SDK), result=payload("noted")))
    assert told_by.fields == {
        "markerName": "core_local_activity",
        "seq": 3,
        "attempt": 2,
        "activityId": "3",
        "activityType": "note",
        "result.0": told("noted"),
    }


def test_a_marker_of_another_sdk_stays_as_it_is() -> None:
    version = payload(1)
    assert of_api(marker("Version", version=version)).fields == {
        "markerName": "Version",
        "details.version.0": payload_fields(version),
    }
    unreadable = payload(None, text="sealed", encoding="binary/encrypted")
    assert of_api(marker("core_patch", **{"patch-data": unreadable})).fields == {
        "markerName": "core_patch",
        "details.patch-data.0": payload_fields(unreadable),
    }


def test_target_of_signal_and_cancel_have_the_same_names() -> None:
    signal, cancel = ApiCommand(), ApiCommand()
    signal.signal_external_workflow_execution_command_attributes.execution.workflow_id = "other"
    cancel.request_cancel_external_workflow_execution_command_attributes.workflow_id = "other"
    assert of_api(signal).fields == of_api(cancel).fields == {"workflowId": "other"}


def test_messages_stand_where_a_command_names_them() -> None:
    asked = Request(input={"name": "raise_by"})  # type: ignore[arg-type]
    request = RespondWorkflowTaskCompletedRequest()
    request.messages.append(message("m3", Rejection(rejected_request=asked, failure=Failure(message="no"))))
    request.messages.append(message("m2", Response(outcome=Outcome(failure=Failure(message="bad")))))
    request.messages.append(message("m1", Acceptance(accepted_request=asked)))
    timer = ApiCommand(start_timer_command_attributes={"timer_id": "1"})  # type: ignore[arg-type]
    request.commands.extend([naming("m1"), timer, naming("m2"), naming("gone"), naming("u7/accept")])
    assert of_answer(request.commands, messages=request.messages) == (
        Command(kind="UpdateAccepted", fields={"updateId": "u1", "name": "raise_by"}),
        Command(kind="StartTimer", fields={"timerId": "1"}),
        Command(kind="UpdateCompleted", fields={"updateId": "u1", "outcome.failure.message": "bad"}),
        Command(kind="Unknown", fields={"message": "gone"}),
        Command(kind="UpdateAccepted", fields={"updateId": "u7"}),
        Command(kind="UpdateRejected", fields={"updateId": "u1", "name": "raise_by", "failure.message": "no"}),
    )


def test_what_is_not_known_is_told_and_does_not_fail() -> None:
    assert of_api(ApiCommand(command_type=99)).kind == "Unknown"  # type: ignore[arg-type]
    assert of_message(message("m", payload(1))).kind == "Unknown"
