"""Changes one value of a command at a time, whatever it is: the values that a protobuf message holds, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload


class Leaf(NamedTuple):
    """One value within a message: its path, and a function that gives it another value."""

    path: str
    change: Callable[[], None]


def leaves(message: Message, path: str = "") -> Iterator[Leaf]:
    """Yield every value that is set in a message; a payload is two of them, its bytes and its encoding."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}".lstrip(".")
        if field.message_type is None:
            yield Leaf(name, _changing(message, field, value))
        elif field.message_type.GetOptions().map_entry:
            for key in sorted(value):
                yield from (
                    _within(value[key], f"{name}.{key}")
                    if isinstance(value[key], Message)
                    else (Leaf(f"{name}.{key}", _entry(value, key)),)
                )
        elif field.is_repeated:
            for index, each in enumerate(value):
                yield from _within(each, f"{name}.{index}")
        else:
            yield from _within(value, name)


def _within(message: Any, path: str) -> Iterator[Leaf]:
    if isinstance(message, Payload):
        yield Leaf(f"{path}.data", lambda: setattr(message, "data", b'{"something":"else"}'))
        yield Leaf(f"{path}.encoding", lambda: message.metadata.update(encoding=b"json/protobuf"))
    elif isinstance(message, Duration):
        yield Leaf(path, lambda: setattr(message, "seconds", message.seconds + 1))
    else:
        yield from leaves(message, path)


def _changing(message: Message, field: Any, value: Any) -> Callable[[], None]:
    if field.is_repeated:
        return lambda: value.append("one-more")
    if field.enum_type is not None:
        others = [number for number in field.enum_type.values_by_number if number not in (0, value)]
        return lambda: setattr(message, field.name, others[0])
    return lambda: setattr(message, field.name, _other(value))


def _entry(entries: Any, key: str) -> Callable[[], None]:
    return lambda: entries.update({key: _other(entries[key])})


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + "-else" if isinstance(value, str) else value + 1
