"""One HTTP answer as a value: what it says, and how it travels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.foreign import encodable, parsed_json

Delivery = Literal["complete", "closed", "reset", "silent"]
"""``complete``: status, headers and whole body. Of the others nothing is sent, unless the answer is partial.
``closed``: the connection is closed. ``reset``: it is reset (TCP RST). ``silent``: it stays open until the client
closes it or the doors end."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a door gives back for one request.

    Attributes:
        status: HTTP status.
        headers: Headers beside ``content-length``, names in lower case.
        body: The bytes as they are sent; of a stream what it says as a whole.
        events: The bytes of a stream, one after the other; empty: it is no stream, and ``body`` is sent.
        delivery: How the connection behaves.
        partial: Whether status, headers and what there is of the body are sent before the connection is closed, reset
            or left open.
        announced: Number of bytes that ``content-length`` announces; -1: those that there are.
        pause: Seconds before each event, or before the first byte of what is no stream.
        notice: What the user must be told about it (a script that raised, an unknown path), or empty.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    events: tuple[bytes, ...] = ()
    delivery: Delivery = "complete"
    partial: bool = False
    announced: int = -1
    pause: float = 0.0
    notice: str = ""

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode(errors="replace")


CLOSED = Answer(delivery="closed")
"""The connection is closed without an answer."""

RESET = Answer(delivery="reset")
"""The connection is reset without an answer."""

SILENT = Answer(delivery="silent")
"""There is no answer, and the connection stays open."""


def json_answer(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, notice: str = ""
) -> Answer:
    """Make an answer of anything that JSON can write.

    Raises:
        TypeError, ValueError: JSON cannot write it.
    """
    body = json.dumps(content, separators=(",", ":"), check_circular=True).encode()
    return Answer(
        status=status, headers={"content-type": "application/json", **(headers or {})}, body=body, notice=notice
    )


def parsed(text: str | bytes) -> Any:
    """Return what the text says as JSON, or the text itself where it is none."""
    try:
        return parsed_json(text)
    except ValueError:
        return text.decode(errors="replace") if isinstance(text, bytes) else encodable(text)


def plain_headers(headers: Any) -> dict[str, str]:
    """Return headers with names in lower case and values as text.

    Raises:
        TypeError: They are no dict.
        ValueError: A name or value cannot stand in a header, or is the server's own affair.
    """
    if not isinstance(headers, dict):
        raise TypeError(f"headers must be a dict, got {type(headers).__name__}")
    plain = {str(name).lower(): str(value) for name, value in headers.items()}
    for name, value in plain.items():
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ValueError(f"{name!r} is no name of a header")
        if name in ("content-length", "transfer-encoding", "connection"):
            raise ValueError(f"header {name!r} is set by the server")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"header {name!r} has a value that cannot be sent: {value!r}")
    return plain
