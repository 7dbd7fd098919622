"""Messages as flat fields: what a failure says, what of it is no decision, and payloads that can be had back."""

from __future__ import annotations

import json

from temporalio.api.command.v1 import Command as ApiCommand
from temporalio.api.failure.v1 import Failure

from harness.temporal.command import of_api
from harness.temporal.fields import fields_of, is_payload, payload_fields, payload_of
from tests.replay.past import payload, told


def test_a_failure_tells_its_sort_and_its_causes_but_no_stack() -> None:
    cause = Failure(message="late", stack_trace="line 2")
    cause.timeout_failure_info.SetInParent()
    failure = Failure(message="gave up", source="PythonSDK", stack_trace="line 1", cause=cause)
    failure.application_failure_info.type = "GivenUp"
    failure.application_failure_info.next_retry_delay.FromSeconds(7)
    command = ApiCommand()
    command.fail_workflow_execution_command_attributes.failure.CopyFrom(failure)
    assert of_api(command).fields == {
        "failure.message": "gave up",
        "failure.kind": "application",
        "failure.type": "GivenUp",
        "failure.nextRetryDelay": 7.0,
        "failure.cause.message": "late",
        "failure.cause.kind": "timeout",
    }


def test_encoded_attributes_of_a_failure_lose_their_stack_trace() -> None:
    encoded = payload({"message": "secret", "stack_trace": "line 1"})
    failure = Failure(message="Encoded failure", encoded_attributes=encoded)
    assert fields_of(failure)["encodedAttributes"] == told({"message": "secret"})
    sealed = payload(None, text="not for you", encoding="binary/encrypted")
    failure.encoded_attributes.CopyFrom(sealed)
    assert fields_of(failure)["encodedAttributes"] == payload_fields(sealed)


def test_payloads_come_back_from_their_fields_and_are_json() -> None:
    one = payload({"a": [1]}, encoding="json/protobuf")
    one.metadata["messageType"] = b"\xff\x00"
    fields = json.loads(json.dumps(payload_fields(one)))
    assert is_payload(fields)
    assert payload_of(fields) == one
    assert not is_payload({"metadata": {}})
