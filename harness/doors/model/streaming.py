"""A streamed answer: the same content as a whole one, as server-sent events in the order of the provider.

Events are those of the WHATWG HTML standard, section 9.2 "Server-sent events": an optional line ``event:``, a line
``data:``, an empty line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_OVER = "[DONE]"
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


def said_in(stream: str) -> list[dict[str, Any]]:
    """Return what the events of a stream hold, in order; that it is over, and comments, are left out.

    Raises:
        ValueError: An event holds no JSON object.
    """
    events = re.split(r"\r?\n\r?\n", stream)
    texts = ("\n".join(re.findall(r"^data: ?(.*?)\r?$", each, re.MULTILINE)) for each in events)
    parsed = [json.loads(text) for text in texts if text and text != _OVER]
    if not all(isinstance(each, dict) for each in parsed):
        raise ValueError("an event of the stream holds no JSON object")
    return parsed


def parts_of(text: str) -> list[str]:
    """Split a text as a model sends it: at least two parts where it has two characters, none where it is empty."""
    size = min(_PART, max(1, len(text) // 2))
    return [text[at : at + size] for at in range(0, len(text), size)]
