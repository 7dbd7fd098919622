"""Messages within a message: every part of a request or reply, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SEALED = frozenset({"Payload", "Payloads", "Memo", "Header"})


def parts(message: Any) -> Iterator[Any]:
    """Yield a message and all those within it, in the order of their fields; what payloads hold is left alone."""
    yield message
    for descriptor, value in message.ListFields():
        kind = descriptor.message_type
        if kind is None or kind.name in _SEALED or kind.GetOptions().map_entry:
            continue
        for each in (value,) if hasattr(value, "ListFields") else value:
            yield from parts(each)
