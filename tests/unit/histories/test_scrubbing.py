"""Stand-ins have the shape of what they stand for, and nothing of a user's is left in a scrubbed history."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime

import pytest
from google.protobuf.json_format import MessageToJson, Parse
from temporalio.api.common.v1 import Header, Payload, Payloads
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import (
    ActivityTaskFailedEventAttributes,
    History,
    HistoryEvent,
    MarkerRecordedEventAttributes,
    UpsertWorkflowSearchAttributesEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.client import WorkflowHistory

from harness.histories.scrubbing import StandIns, scrub
from tests import TESTS

RECORDED = TESTS / "replay" / "histories"


def payload(content: bytes, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=content)


def ins(key: bytes = b"key") -> StandIns:
    return StandIns(key)


@pytest.mark.parametrize("text", ["Ada Lovelace <ada@example.com>", "x", "", "über 9 Äpfel\n", "日本", "\ud800 lone"])
def test_a_stand_in_is_as_long_as_the_text_and_the_same_each_time(text: str) -> None:
    changed = ins().text(text)
    assert len(changed) == len(text)
    assert changed == ins().text(text)
    assert [char.isalpha() for char in changed] == [char.isalpha() for char in text]


def test_another_key_makes_other_stand_ins() -> None:
    assert ins(b"one").text("Ada Lovelace") != ins(b"two").text("Ada Lovelace")


def test_a_uuid_and_a_time_stay_one() -> None:
    assert uuid.UUID(ins().text("9b2f9c3e-1d2b-4f7e-8d8c-8f1d3a0f2b11"))
    for text in ("2026-02-28T23:59:59.123Z", "2026-02-28", "2026-12-31T10:00:00+02:00"):
        changed = ins().text(text)
        assert changed != text
        datetime.fromisoformat(changed)


@pytest.mark.parametrize("number", ["0", "-7", "9999", "1.25", "1e400"])
def test_a_short_number_stays(number: str) -> None:
    assert ins().number(number) == number


@pytest.mark.parametrize("number", ["4111111111111111", "-73211.5", "9223372036854775807", "0.000123456", "12345E3"])
def test_a_long_number_keeps_its_first_digit_and_its_length(number: str) -> None:
    changed = ins().number(number)
    assert changed != number
    assert len(changed) == len(number)
    assert abs(float(changed)) <= 2**63
    json.loads(changed)


def test_json_keeps_its_shape_to_the_byte() -> None:
    text = (
        '{ "name" : "Ada \\"A\\" : x",\n "tags":["a\\u00e9","a\\u00e9"], "ok": true, "none":null, "n": 123456, "k": 1 }'
    )
    changed = ins().json(text)
    one, other = json.loads(text), json.loads(changed)
    assert list(other) == list(one)
    assert (other["ok"], other["none"], other["k"]) == (True, None, 1)
    assert other["tags"][0] == other["tags"][1] != one["tags"][0]
    assert other["n"] != one["n"]
    assert re.sub(r"\w", "", changed.replace("\\", "")) == re.sub(r"\w", "", text.replace("\\", ""))


def test_every_payload_and_text_of_an_event_is_replaced_and_counted() -> None:
    started = WorkflowExecutionStartedEventAttributes(
        input=Payloads(payloads=[payload(b'"canary"'), payload(b"canary", "binary/plain")]),
        header=Header(fields={"auth": payload(b'"canary"')}),
        identity="canary@host",
    )
    started.memo.fields["note"].CopyFrom(payload(b'{"a":"canary"}'))
    failed = ActivityTaskFailedEventAttributes(
        failure=Failure(
            message="canary",
            stack_trace="at canary",
            encoded_attributes=payload(b'{"message":"canary"}'),
            cause=Failure(message="canary", application_failure_info=ApplicationFailureInfo(type="Declined")),
        )
    )
    stand_ins = ins()
    events = [
        HistoryEvent(workflow_execution_started_event_attributes=started),
        HistoryEvent(activity_task_failed_event_attributes=failed),
    ]
    for event in events:
        scrub(event, stand_ins=stand_ins)
        assert b"canary" not in event.SerializeToString()
    assert stand_ins.replaced == {"input": 2, "header": 1, "memo": 1, "identity": 1, "failure": 4}
    assert failed.failure.cause.application_failure_info.type == "Declined"


def test_what_cannot_be_read_stays_and_is_counted() -> None:
    sealed = [payload(b"\x08\x01", f"binary/{name}") for name in ("encrypted", "zlib", "protobuf")]
    event = HistoryEvent(
        workflow_execution_started_event_attributes=WorkflowExecutionStartedEventAttributes(
            input=Payloads(payloads=[*sealed, payload(b"", "binary/null")])
        )
    )
    before, stand_ins = event.SerializeToString(), ins()
    scrub(event, stand_ins=stand_ins)
    assert event.SerializeToString() == before
    assert stand_ins.kept == {"binary/encrypted": 1, "binary/zlib": 1, "binary/protobuf": 1}


def test_temporals_own_search_attributes_and_what_an_sdk_keeps_in_a_marker_stay() -> None:
    upsert = UpsertWorkflowSearchAttributesEventAttributes()
    upsert.search_attributes.indexed_fields["TemporalChangeVersion"].CopyFrom(payload(b'["patch"]'))
    upsert.search_attributes.indexed_fields["Customer"].CopyFrom(payload(b'"canary"'))
    marker = MarkerRecordedEventAttributes(marker_name="core_local_activity")
    marker.details["data"].payloads.append(payload(b'{"activity_type":"charge"}'))
    marker.details["result"].payloads.append(payload(b'"canary"'))
    event = HistoryEvent(upsert_workflow_search_attributes_event_attributes=upsert)
    scrub(event, stand_ins=ins())
    fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    assert fields["TemporalChangeVersion"].data == b'["patch"]'
    assert b"canary" not in fields["Customer"].data
    event = HistoryEvent(marker_recorded_event_attributes=marker)
    scrub(event, stand_ins=ins())
    details = event.marker_recorded_event_attributes.details
    assert details["data"].payloads[0].data == b'{"activity_type":"charge"}'
    assert b"canary" not in details["result"].payloads[0].data


def test_a_scrubbed_history_is_still_one_with_the_same_events() -> None:
    recorded = (RECORDED / "AllCommands-run.json").read_text()
    history = Parse(recorded, History())
    for event in history.events:
        scrub(event, stand_ins=ins())
    scrubbed = WorkflowHistory.from_json("AllCommands-run", MessageToJson(history)).events
    kept = WorkflowHistory.from_json("AllCommands-run", recorded).events
    assert [event.event_type for event in scrubbed] == [event.event_type for event in kept]
    assert scrubbed != kept
