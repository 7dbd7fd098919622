"""Values as the JSON that an evidence folder holds."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.foreign import whole


def json_bytes(value: Any) -> bytes:
    """Return a value as indented JSON, for files that people read."""
    return msgspec.json.format(json_line(value), indent=2) + b"\n"


def json_line(value: Any) -> bytes:
    """Return a value as JSON on one line, without its end."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # a text holds half of a character
        return msgspec.json.encode(whole(msgspec.to_builtins(value)))
