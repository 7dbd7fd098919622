"""A streamed answer: the same content as a whole one, as server-sent events in the order of the provider.

Events are those of the WHATWG HTML standard, section 9.2 "Server-sent events": an optional line ``event:``, a line
``data:``, an empty line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_PART = 16  # characters of a text that one event carries


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The events of one answer.

    Attributes:
        opening: What comes before any content.
        content: What carries the content, a part each.
        closing: What says that the answer is whole and why it ended.
        done: What follows on that, and says nothing but that the stream is over.
        error: What the provider sends in place of the rest if it fails meanwhile.
    """

    opening: tuple[str, ...]
    content: tuple[str, ...]
    closing: tuple[str, ...]
    done: tuple[str, ...] = ()
    error: str = ""

    @property
    def events(self) -> tuple[str, ...]:
        """All events, in order."""
        return (*self.opening, *self.content, *self.closing, *self.done)


def event(data: Any, *, name: str = "") -> str:
    """Return one event, its data as JSON unless it is a text."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"


def named(data: dict[str, Any]) -> str:
    """Return one event with the name that is the type of its data."""
    return event(data, name=data["type"])


def parts_of(text: str) -> list[str]:
    """Split a text as a model sends it: at least two parts where it has two characters, none where it is empty."""
    size = min(_PART, max(1, len(text) // 2))
    return [text[at : at + size] for at in range(0, len(text), size)]
