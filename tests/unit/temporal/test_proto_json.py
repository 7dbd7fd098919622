from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.client import WorkflowHistory

from harness.temporal.proto_json import DEEPEST, MessageError, add_event
from tests import TESTS

HERE = TESTS / "replay"
ATTRIBUTES = [field.name for field in HistoryEvent.DESCRIPTOR.oneofs_by_name["attributes"].fields]
STARTED = "workflowExecutionStartedEventAttributes"


VALUES: dict[int, list[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: ["", "text", "ä \U0001f600 \x00", "EVENT_TYPE_UNSPECIFIED"],
    FieldDescriptor.CPPTYPE_BOOL: [False, True],
    FieldDescriptor.CPPTYPE_FLOAT: [0.0, 0.5, -2.0, 3.25],
    FieldDescriptor.CPPTYPE_DOUBLE: [0.0, 0.1, 1e300, -7.0],
    FieldDescriptor.CPPTYPE_INT32: [0, 1, -1, 2**31 - 1, -(2**31)],
    FieldDescriptor.CPPTYPE_INT64: [0, 1, -1, 2**63 - 1, -(2**63)],
    FieldDescriptor.CPPTYPE_UINT32: [0, 1, 2**32 - 1],
    FieldDescriptor.CPPTYPE_UINT64: [0, 1, 2**64 - 1],
}


def read(told: dict[str, Any]) -> HistoryEvent:
    return add_event(History(), told)


def by_protobuf(told: dict[str, Any]) -> HistoryEvent:
    return ParseDict(told, HistoryEvent(), ignore_unknown_fields=True)


def scalar(field: FieldDescriptor, chance: random.Random) -> Any:
    if field.enum_type is not None:
        return chance.choice(field.enum_type.values).number
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.randrange(5))
    return chance.choice(VALUES[field.cpp_type])


def value_of(field: FieldDescriptor, chance: random.Random, depth: int) -> Any:
    return scalar(field, chance) if field.message_type is None else message(field.message_type, chance, depth + 1)


def new(kind: Any) -> Any:
    return GetMessageClass(kind)()


def message(kind: Descriptor, chance: random.Random, depth: int = 0) -> Any:
    """Return a message with about two thirds of its fields set, at random."""
    made = new(kind)
    if kind.full_name == "google.protobuf.Timestamp":
        return Timestamp(seconds=chance.choice([0, 1, 1795324474, -62135596800, 253402300799]), nanos=nanos(chance))
    if kind.full_name == "google.protobuf.Duration":
        seconds = chance.choice([0, 1, 10, -3, 315576000000])
        return Duration(seconds=seconds, nanos=nanos(chance) * (-1 if seconds < 0 else 1))
    for field in kind.fields:
        if depth > 5 or chance.random() < 0.3:
            continue
        entry = field.message_type if field.message_type and field.message_type.GetOptions().map_entry else None
        if entry is not None:
            value = entry.fields_by_name["value"]
            for key in ("", "key"):
                if value.message_type is None:
                    getattr(made, field.name)[key] = scalar(value, chance)
                else:
                    getattr(made, field.name)[key].CopyFrom(message(value.message_type, chance, depth + 1))
        elif field.is_repeated:
            getattr(made, field.name).extend(value_of(field, chance, depth) for _ in range(chance.randrange(3)))
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(message(field.message_type, chance, depth + 1))
        else:
            setattr(made, field.name, scalar(field, chance))
    return made


def nanos(chance: random.Random) -> int:
    return chance.choice([0, 1, 999_999_999, 500_000_000, 123_456_000])


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_every_event_is_read_as_protobuf_reads_it(attributes: str) -> None:
    kind = HistoryEvent.DESCRIPTOR.fields_by_name[attributes].message_type
    assert kind is not None
    for seed in range(8):
        chance = random.Random(seed)
        event = message(HistoryEvent.DESCRIPTOR, chance, depth=4)
        getattr(event, attributes).CopyFrom(message(kind, chance))
        for told in (MessageToDict(event), MessageToDict(event, preserving_proto_field_name=True)):
            assert read(told) == by_protobuf(told) == event


def started(**told: Any) -> dict[str, Any]:
    return {"eventId": "1", STARTED: told}


@pytest.mark.parametrize(
    "told",
    [
        {"eventId": 1, "version": 2.0, "taskId": "-7"},
        {"eventId": "1", "eventTime": None, STARTED: None, "links": []},
        {"eventId": "1", "eventType": 10, "new": {"server": [1]}, "workerMayIgnore": False},
        {"eventType": "EVENT_TYPE_OF_A_NEWER_SERVER"},
        {"eventTime": "2026-11-22T05:14:32Z"},
        {"eventTime": "2026-11-22T05:14:32.5+02:00"},
        started(workflowTaskTimeout="-1.5s", workflowRunTimeout="0.000000001s", workflowExecutionTimeout="0s"),
        started(input={"payloads": [{"data": "-_-_"}, {"data": "YQ"}, {"data": "YQ=="}, {"data": ""}]}),
        started(retryPolicy={"backoffCoefficient": "2.5"}),
        started(retryPolicy={"backoffCoefficient": 2}, initiator="CONTINUE_AS_NEW_INITIATOR_NEWER"),
        started(header={"fields": {}}, memo={"fields": {"a": {}}}, priority={"fairnessWeight": 0.1}),
        started(inheritedAutoUpgradeInfo=None, searchAttributes={"indexedFields": {"a": {"metadata": {"t": "QQ=="}}}}),
        {"workflowTaskStartedEventAttributes": {"suggestContinueAsNewReasons": [1, "OF_A_NEWER_SERVER"]}},
    ],
)
def test_what_is_written_otherwise_is_read_as_protobuf_reads_it(told: dict[str, Any]) -> None:
    assert read(told) == by_protobuf(told)


@pytest.mark.parametrize(
    "told",
    [
        {"eventId": "one"},
        {"eventId": True},
        {"eventId": [1]},
        {"eventId": 1.5},
        {"eventId": str(2**70)},
        {"eventTime": "yesterday"},
        {"eventTime": 7},
        {"eventTime": "2011-W01-2T00:05:23Z"},
        {"eventType": []},
        {"workerMayIgnore": "true"},
        {"links": {}},
        {"links": [None]},
        {STARTED: {}, "timerFiredEventAttributes": {}},
        started(identity=7),
        started(workflowTaskTimeout="10"),
        started(workflowTaskTimeout=10),
        started(header={"fields": []}),
        started(memo={"fields": {"a": 1}}),
        started(retryPolicy={"backoffCoefficient": "twice"}),
    ],
)
def test_what_protobuf_refuses_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises((ParseError, AttributeError)):
        by_protobuf(told)
    with pytest.raises(MessageError):
        read(told)


@pytest.mark.parametrize(
    "told",
    [
        {STARTED: []},
        {"eventId": "1", "event_id": "1"},
        started(input=["Ada"]),  # as `temporal` shows payloads in short
        started(input={"payloads": [{"data": "no base64!"}]}),
    ],
)
def test_what_protobuf_reads_as_something_else_is_refused(told: dict[str, Any]) -> None:
    by_protobuf(told)
    with pytest.raises(MessageError):
        read(told)


def test_errors_name_the_field() -> None:
    with pytest.raises(MessageError, match=f"^{STARTED}.input.payloads.data: expected base64 .* found 'no base64!'$"):
        read(started(input={"payloads": [{"data": "no base64!"}]}))
    with pytest.raises(MessageError, match=r"expected a time, found 'x{50}"):
        read({"eventTime": "x" * 1000})


def older(told: Any) -> Any:
    """Return JSON with its enums spelled as older exports do."""
    if isinstance(told, dict):
        return {key: older_name(value) if key in PREFIXES else older(value) for key, value in told.items()}
    return [older(each) for each in told] if isinstance(told, list) else told


PREFIXES = {"eventType": "EVENT_TYPE_", "kind": "TASK_QUEUE_KIND_", "retryState": "RETRY_STATE_"}


def older_name(name: str) -> str:
    prefix = next(prefix for prefix in PREFIXES.values() if name.startswith(prefix))
    return "".join(word.capitalize() for word in name.removeprefix(prefix).split("_"))


@pytest.mark.parametrize("name", ["AllCommands-run", "Fails-run"])
def test_older_spelling_is_read_as_the_sdk_reads_it(name: str) -> None:
    for event in json.loads((HERE / "histories" / f"{name}.json").read_text())["events"]:
        told = older(event)
        assert told != event
        assert [read(told)] == list(WorkflowHistory.from_json("", {"events": [told]}).events) == [read(event)]


def nested(causes: int) -> dict[str, Any]:
    failure: dict[str, Any] = {"message": "innermost"}
    for _ in range(causes):
        failure = {"cause": failure}
    return {"eventId": "1", "workflowExecutionFailedEventAttributes": {"failure": failure}}


def test_nesting_is_bounded_so_that_the_binary_form_can_be_read() -> None:
    history = History()
    add_event(history, nested(DEEPEST - 2))
    assert History.FromString(history.SerializeToString()) == history
    with pytest.raises(MessageError, match=f"more than {DEEPEST} messages lie in each other"):
        read(nested(DEEPEST - 1))
    with pytest.raises(MessageError):
        read(nested(400))


def test_bytes_are_read_whole() -> None:
    content = bytes(range(256))
    told = started(input={"payloads": [{"data": base64.b64encode(content).decode()}]})
    assert read(told).workflow_execution_started_event_attributes.input.payloads[0].data == content
