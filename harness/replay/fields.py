"""Protobuf messages as flat fields: dotted names of Temporal's own JSON, and plain values that compare with ``==``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

LEFT_OUT = frozenset({"stackTrace", "source"})
"""Fields of a failure that are no decision of the workflow: line numbers move, and the source names the SDK."""


def fields_of(message: Message, *, prefix: str = "") -> dict[str, Any]:
    """Return what is set in a message: ``retryPolicy.maximumAttempts``, ``input.0``, ``failure.cause.message``.

    Durations are seconds, enumerations their names, payloads as ``payload_fields`` tells them. What has its default
    value (nothing, zero seconds) is left out, as protobuf does. A name is told without its wrapping: ``activityType``,
    ``taskQueue``, ``header.trace``, ``memo.note``. Of a failure, ``kind`` tells which sort it is and its own fields
    stand beside ``message``: ``failure.type``, ``failure.nonRetryable``. Strings that repeat are one list.
    """
    return dict(_told(message, prefix))


def payload_fields(payload: Payload) -> dict[str, Any]:
    """Return a payload in protobuf JSON: base64 text of its bytes, and of each value of its metadata."""
    metadata = {key: _base64(value) for key, value in sorted(payload.metadata.items())}
    return {"metadata": metadata, "data": _base64(payload.data)}


def payload_of(fields: Mapping[str, Any]) -> Payload:
    """Return the payload that ``payload_fields`` told."""
    metadata = {key: base64.b64decode(value) for key, value in fields["metadata"].items()}
    return Payload(metadata=metadata, data=base64.b64decode(fields["data"]))


def is_payload(value: Any) -> bool:
    """Tell whether the value of a field is a payload."""
    return isinstance(value, dict) and value.keys() == {"metadata", "data"}


def without_stack(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the encoded attributes of a failure, where this is their field, without their stack trace.

    A failure converter that encodes common attributes puts message and stack trace into one JSON payload.
    """
    if not name.endswith("encodedAttributes"):
        return payload
    try:
        told = json.loads(base64.b64decode(payload["data"]))
    except ValueError:  # a codec encoded it
        return payload
    if not isinstance(told, dict) or "stack_trace" not in told:
        return payload
    kept = {key: value for key, value in told.items() if key != "stack_trace"}
    return {**payload, "data": _base64(json.dumps(kept).encode())}


def _told(message: Message, prefix: str) -> Iterator[tuple[str, Any]]:
    failure = message.DESCRIPTOR.full_name == _FAILURE
    for field, value in message.ListFields():
        name = field.json_name
        if failure and name in LEFT_OUT:
            continue
        if failure and name.endswith("FailureInfo"):
            yield f"{prefix}kind", name.removesuffix("FailureInfo")
            yield from _told(value, prefix)
            continue
        whole = prefix + name
        if field.message_type is None:
            yield whole, _scalar(field, value)
        elif field.message_type.GetOptions().map_entry:
            for key in sorted(value):
                yield from _part(f"{whole}.{key}", value[key])
        elif field.is_repeated:
            for index, each in enumerate(value):
                yield from _part(f"{whole}.{index}", each)
        else:
            yield from _part(whole, value)


def _part(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Message):
        yield name, value
        return
    kind = value.DESCRIPTOR.full_name
    plain: Any = value
    if kind == _PAYLOAD:
        yield name, without_stack(name, payload_fields(plain))
    elif kind == _PAYLOADS:
        yield from ((f"{name}.{index}", payload_fields(each)) for index, each in enumerate(plain.payloads))
    elif kind == _DURATION:
        if seconds := plain.seconds + plain.nanos / 1e9:
            yield name, seconds
    elif kind == _TIMESTAMP:
        yield name, plain.ToJsonString()
    elif kind in _NAMED:
        if plain.name:
            yield name, plain.name
    elif kind in _WRAPPED:
        wrapped = getattr(plain, _WRAPPED[kind])
        yield from ((f"{name}.{key}", payload_fields(wrapped[key])) for key in sorted(wrapped))
    else:
        yield from _told(plain, f"{name}.")


def _scalar(field: Any, value: Any) -> Any:
    if field.is_repeated:
        return list(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known else value
    return _base64(value) if isinstance(value, bytes) else value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_FAILURE = "temporal.api.failure.v1.Failure"
_PAYLOAD = "temporal.api.common.v1.Payload"
_PAYLOADS = "temporal.api.common.v1.Payloads"
_DURATION = "google.protobuf.Duration"
_TIMESTAMP = "google.protobuf.Timestamp"
_NAMED = frozenset(
    {
        "temporal.api.common.v1.ActivityType",
        "temporal.api.common.v1.WorkflowType",
        "temporal.api.taskqueue.v1.TaskQueue",
    }
)
_WRAPPED = {
    "temporal.api.common.v1.Header": "fields",
    "temporal.api.common.v1.Memo": "fields",
    "temporal.api.common.v1.SearchAttributes": "indexed_fields",
}
