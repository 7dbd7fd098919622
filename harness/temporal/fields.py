"""Protobuf messages as flat fields: dotted names of Temporal's own JSON, and plain values that compare with ``==``."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

from harness.temporal.duration import seconds_of

Teller = Callable[[str, Any, dict[str, Any]], None]
"""Tells the value of a field under a name, into a dictionary."""

LEFT_OUT = frozenset({"stackTrace", "source"})
"""Fields of a failure that are no decision of the workflow: line numbers move, and the source names the SDK."""


def fields_of(message: Message, *, prefix: str = "") -> dict[str, Any]:
    """Return what is set in a message: ``retryPolicy.maximumAttempts``, ``input.0``, ``failure.cause.message``.

    Durations are seconds, enumerations their names, payloads as ``payload_fields`` tells them. What has its default
    value (nothing, zero seconds) is left out, as protobuf does. A name is told without its wrapping: ``activityType``,
    ``taskQueue``, ``header.trace``, ``memo.note``. Of a failure, ``kind`` tells which sort it is and its own fields
    stand beside ``message``: ``failure.type``, ``failure.nonRetryable``. Strings that repeat are one list.
    """
    fields: dict[str, Any] = {}
    _tell(message, prefix, fields)
    return fields


def payload_fields(payload: Payload) -> dict[str, Any]:
    """Return a payload in protobuf JSON: base64 text of its bytes, and of each value of its metadata."""
    metadata = {key: _short_text_of(value) for key, value in sorted(payload.metadata.items())}
    return {"metadata": metadata, "data": _text_of(payload.data)}


def payload_of(fields: Mapping[str, Any]) -> Payload:
    """Return the payload of which ``payload_fields`` made the fields."""
    metadata = {key: b64decode(value) for key, value in fields["metadata"].items()}
    return Payload(metadata=metadata, data=b64decode(fields["data"]))


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
        content = json.loads(b64decode(payload["data"]))
    except ValueError:  # a codec encoded it
        return payload
    if not isinstance(content, dict) or "stack_trace" not in content:
        return payload
    kept = {key: value for key, value in content.items() if key != "stack_trace"}
    return {**payload, "data": _text_of(json.dumps(kept).encode())}


def _tell(message: Message, prefix: str, fields: dict[str, Any]) -> None:
    for field, value in message.ListFields():
        known = _KNOWN.get(field)
        if known is None:
            known = _KNOWN[field] = (field.json_name, _teller(field))
        known[1](prefix + known[0], value, fields)


def _teller(field: Any) -> Teller:
    """Return what tells the values of a field; asking a descriptor is slow, so this is done once for each field."""
    if field.containing_type.full_name == _FAILURE and field.json_name in LEFT_OUT:
        return _tell_nothing
    if field.message_type is None:
        return _teller_of_scalar(field)
    if field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"].message_type
        return _each_key(_teller_of_message(inner) if inner else _tell_as_is)
    teller = _teller_of_message(field.message_type)
    if field.is_repeated:
        return _each_index(teller)
    return _tell_sort_of_failure if field.json_name.endswith("FailureInfo") else teller


def _teller_of_scalar(field: Any) -> Teller:
    if field.is_repeated:
        return lambda name, value, fields: fields.update({name: list(value)})
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda name, value, fields: fields.update({name: names.get(value, value)})
    if field.type == field.TYPE_BYTES:
        return lambda name, value, fields: fields.update({name: _text_of(value)})
    return _tell_as_is


def _teller_of_message(descriptor: Any) -> Teller:
    kind = descriptor.full_name
    if kind in _WRAPPED:
        return _each_wrapped(_WRAPPED[kind])
    return _TELLERS.get(kind, _tell_parts)


def _tell_nothing(name: str, value: Any, fields: dict[str, Any]) -> None:
    pass


def _tell_as_is(name: str, value: Any, fields: dict[str, Any]) -> None:
    fields[name] = value


def _tell_parts(name: str, value: Any, fields: dict[str, Any]) -> None:
    _tell(value, f"{name}.", fields)


def _tell_sort_of_failure(name: str, value: Any, fields: dict[str, Any]) -> None:
    prefix, _, info = name.rpartition(".")
    prefix = f"{prefix}." if prefix else ""
    fields[f"{prefix}kind"] = info.removesuffix("FailureInfo")
    _tell(value, prefix, fields)


def _tell_payload(name: str, value: Any, fields: dict[str, Any]) -> None:
    fields[name] = without_stack(name, payload_fields(value))


def _tell_payloads(name: str, value: Any, fields: dict[str, Any]) -> None:
    for index, each in enumerate(value.payloads):
        fields[f"{name}.{index}"] = payload_fields(each)


def _tell_duration(name: str, value: Any, fields: dict[str, Any]) -> None:
    if seconds := seconds_of(value):
        fields[name] = seconds


def _tell_name(name: str, value: Any, fields: dict[str, Any]) -> None:
    if value.name:
        fields[name] = value.name


def _each_key(teller: Teller) -> Teller:
    def tell(name: str, value: Any, fields: dict[str, Any]) -> None:
        for key in sorted(value):
            teller(f"{name}.{key}", value[key], fields)

    return tell


def _each_index(teller: Teller) -> Teller:
    def tell(name: str, value: Any, fields: dict[str, Any]) -> None:
        for index, each in enumerate(value):
            teller(f"{name}.{index}", each, fields)

    return tell


def _each_wrapped(wrapped: str) -> Teller:
    tell_each = _each_key(_tell_payload)
    return lambda name, value, fields: tell_each(name, getattr(value, wrapped), fields)


def _text_of(value: bytes) -> str:
    return b64encode(value).decode("ascii")


_short_text_of = lru_cache(maxsize=256)(_text_of)

_KNOWN: dict[Any, tuple[str, Teller]] = {}
"""Field descriptors to name and teller."""

_FAILURE = "temporal.api.failure.v1.Failure"
_TELLERS: Mapping[str, Teller] = {
    "temporal.api.common.v1.Payload": _tell_payload,
    "temporal.api.common.v1.Payloads": _tell_payloads,
    "temporal.api.common.v1.ActivityType": _tell_name,
    "temporal.api.common.v1.WorkflowType": _tell_name,
    "temporal.api.taskqueue.v1.TaskQueue": _tell_name,
    "google.protobuf.Duration": _tell_duration,
    "google.protobuf.Timestamp": lambda name, value, fields: fields.update({name: value.ToJsonString()}),
}
_WRAPPED = {
    "temporal.api.common.v1.Header": "fields",
    "temporal.api.common.v1.Memo": "fields",
    "temporal.api.common.v1.SearchAttributes": "indexed_fields",
}
