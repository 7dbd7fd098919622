"""Makes history events from JSON: the messages that protobuf's own ``json_format`` makes, in a tenth of its time.

A table for each message type, made once from its descriptor, says for each JSON name how its value is read; protobuf
then builds the whole event in one call. As with ``json_format``, names may be those of JSON or of protobuf, fields and
enum names of newer servers are left out, and null is no value. Beyond it, enums may be spelled as older exports do
(``ActivityTaskScheduled``), and what is no base64 is refused where ``json_format`` skips the wrong characters.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.history.v1 import History, HistoryEvent

DEEPEST = 90
"""How many messages may lie in each other; protobuf reads no binary in which they are more than 100 deep."""

_PATH_SHOWN = 8
_Read = Callable[[Any, int], Any]


class MessageError(ValueError):
    """JSON that is not the message it should be."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []

    def __str__(self) -> str:
        place = ".".join(self.path if len(self.path) <= _PATH_SHOWN else [*self.path[:_PATH_SHOWN], "…"])
        return f"{place}: {self.args[0]}" if place else str(self.args[0])


class _Field(NamedTuple):
    """One field: its name in Python, the oneof it belongs to or an empty text, and what reads its value."""

    name: str
    oneof: str
    read: _Read


def add_event(history: History, event: dict[str, Any]) -> HistoryEvent:
    """Append an event, as Temporal's JSON has it, to a history and return it.

    Raises:
        MessageError: It is no event; the message says which field, and what was expected.
    """
    fields = _message(_fields(HistoryEvent.DESCRIPTOR), event, 0)
    try:
        return history.events.add(**fields)
    except (TypeError, ValueError, UnicodeError) as error:
        raise MessageError(str(error)) from error


def events_of_json(events: Iterable[dict[str, Any]]) -> list[HistoryEvent]:
    """Return events as protobuf messages.

    Raises:
        MessageError: One of them is no event.
    """
    history = History()
    for each in events:
        add_event(history, each)
    return list(history.events)


@cache
def _fields(descriptor: Descriptor) -> dict[str, _Field]:
    """Return the table of a message type, by the names in JSON and in protobuf."""
    table: dict[str, _Field] = {}
    for field in descriptor.fields:
        oneof = field.containing_oneof.name if field.containing_oneof else ""
        table[field.name] = table[field.json_name] = _Field(field.name, oneof, _reading(field))
    return table


def _reading(field: FieldDescriptor) -> _Read:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return partial(_map, _of_map(kind.fields_by_name["value"]))
    one = _reading_one(field)
    return partial(_list, one) if _is_repeated(field) else one


def _is_repeated(field: FieldDescriptor) -> bool:
    # Newer versions of protobuf warn about ``label``, older ones have no ``is_repeated``.
    if hasattr(field, "is_repeated"):
        return bool(field.is_repeated)
    return bool(field.label == FieldDescriptor.LABEL_REPEATED)  # type: ignore[attr-defined, unused-ignore]


def _reading_one(field: FieldDescriptor) -> _Read:
    if field.message_type is not None:
        special = _SPECIAL.get(field.message_type.full_name)
        return special or partial(_lazily, field.message_type)
    if field.enum_type is not None:
        return partial(_enum, _spellings(field.enum_type))
    return _SCALARS[field.cpp_type] if field.type != FieldDescriptor.TYPE_BYTES else _bytes


def _of_map(value: FieldDescriptor) -> _Read:
    read = _reading_one(value)
    if value.message_type is None:
        return read
    # Not every version of protobuf takes dictionaries as the messages of a map.
    made = GetMessageClass(value.message_type)
    return lambda value, depth: made(**read(value, depth))


def _lazily(descriptor: Descriptor, value: Any, depth: int) -> dict[str, Any]:
    # The table is looked up when it is needed: a failure has failures as causes.
    return _message(_fields(descriptor), value, depth + 1)


def _message(fields: dict[str, _Field], message: Any, depth: int) -> dict[str, Any]:
    if type(message) is not dict:
        raise _unexpected("an object", message)
    if depth > DEEPEST:
        raise MessageError(f"more than {DEEPEST} messages lie in each other")
    values: dict[str, Any] = {}
    oneofs: set[str] = set()
    for key, value in message.items():
        field = fields.get(key)
        if field is None or value is None:
            continue
        name, oneof, read = field
        if name in values or oneof in oneofs:
            raise MessageError(f"{key} and another field of {oneof or name} are both set")
        try:
            value = read(value, depth)
        except MessageError as error:
            error.path.insert(0, key)
            raise
        if value is not None:
            values[name] = value
            if oneof:
                oneofs.add(oneof)
    return values


def _list(read: _Read, value: Any, depth: int) -> list[Any]:
    if type(value) is not list:
        raise _unexpected("a list", value)
    items = [read(each, depth) for each in value]
    return [each for each in items if each is not None] if None in items else items


def _map(read: _Read, value: Any, depth: int) -> dict[str, Any]:
    if type(value) is not dict:
        raise _unexpected("an object", value)
    items = {key: read(each, depth) for key, each in value.items()}
    return {key: each for key, each in items.items() if each is not None}


def _text(value: Any, _: int) -> str:
    if type(value) is not str:
        raise _unexpected("text", value)
    return value


def _bytes(value: Any, _: int) -> bytes:
    if type(value) is str:
        try:
            return binascii.a2b_base64(value, strict_mode=True)
        except ValueError:
            padded = value.translate(_URL_ALPHABET).rstrip("=")
        try:
            return binascii.a2b_base64(padded + "=" * (-len(padded) % 4), strict_mode=True)
        except ValueError:
            pass
    raise _unexpected("base64 (a history downloaded with its payloads decoded cannot be replayed)", value)


def _bool(value: Any, _: int) -> bool:
    if type(value) is not bool:
        raise _unexpected("true or false", value)
    return value


def _int(value: Any, _: int) -> int:
    if type(value) is int:
        return value
    try:
        if type(value) is str or (type(value) is float and value.is_integer()):
            return int(value)
    except ValueError:
        pass
    raise _unexpected("a whole number", value)


def _float(value: Any, _: int) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    try:
        if type(value) is str:
            return float(value)
    except ValueError:
        pass
    raise _unexpected("a number", value)


def _enum(spellings: dict[str, int], value: Any, _: int) -> int | None:
    if type(value) is str:
        return spellings.get(value)
    if type(value) is int:
        return value
    raise _unexpected("the name of an enum's value", value)


def _spellings(enum: EnumDescriptor) -> dict[str, int]:
    """Return the numbers of an enum by name, ``EVENT_TYPE_TIMER_FIRED`` and ``TimerFired``."""
    numbers = {value.name: int(value.number) for value in enum.values}
    prefix = next((name.removesuffix("UNSPECIFIED") for name, number in numbers.items() if not number), "")
    older = {"".join(word.capitalize() for word in name.removeprefix(prefix).split("_")): name for name in numbers}
    return {spelled: numbers[name] for spelled, name in older.items()} | numbers


def _timestamp(value: Any, _: int) -> dict[str, int]:
    """Read ``2026-11-22T05:14:32.277151831Z``, and whatever else protobuf takes for a time."""
    if type(value) is not str:
        raise _unexpected("a time", value)
    try:
        if value[-1:] == "Z" and value[4:17:3] == "--T::" and (len(value) == 20 or value[19] == "."):
            fraction = value[20:-1]
            if len(fraction) <= 9 and (fraction.isdecimal() or not fraction):
                since = datetime.fromisoformat(value[:19]) - _EPOCH
                return {"seconds": since.days * 86400 + since.seconds, "nanos": int(fraction.ljust(9, "0"))}
        read = Timestamp()
        read.FromJsonString(value)
    except (ValueError, IndexError) as error:
        raise _unexpected("a time", value) from error
    return {"seconds": read.seconds, "nanos": read.nanos}


def _duration(value: Any, _: int) -> dict[str, int]:
    if type(value) is not str:
        raise _unexpected("a duration", value)
    if value[-1:] == "s" and value[:-1].isdecimal() and len(value) < 12:
        return {"seconds": int(value[:-1]), "nanos": 0}
    read = Duration()
    try:
        read.FromJsonString(value)
    except (ValueError, IndexError) as error:
        raise _unexpected("a duration", value) from error
    return {"seconds": read.seconds, "nanos": read.nanos}


def _unexpected(expected: str, value: Any) -> MessageError:
    shown = repr(value)
    return MessageError(f"expected {expected}, found {shown if len(shown) <= 60 else shown[:60] + '…'}")


_EPOCH = datetime(1970, 1, 1)
_URL_ALPHABET = str.maketrans("-_", "+/")
_SPECIAL: dict[str, _Read] = {"google.protobuf.Timestamp": _timestamp, "google.protobuf.Duration": _duration}
_SCALARS: dict[int, _Read] = {
    FieldDescriptor.CPPTYPE_STRING: _text,
    FieldDescriptor.CPPTYPE_BOOL: _bool,
    FieldDescriptor.CPPTYPE_FLOAT: _float,
    FieldDescriptor.CPPTYPE_DOUBLE: _float,
    **dict.fromkeys(
        (
            FieldDescriptor.CPPTYPE_INT32,
            FieldDescriptor.CPPTYPE_INT64,
            FieldDescriptor.CPPTYPE_UINT32,
            FieldDescriptor.CPPTYPE_UINT64,
        ),
        _int,
    ),
}
