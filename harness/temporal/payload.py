"""Payloads in protobuf JSON: the values in them, and how many bytes they have."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from harness.foreign import parsed_json


def encoding_of(payload: Mapping[str, Any]) -> str:
    """Return the encoding that a payload names in its metadata: ``json/plain``; empty for none."""
    encoded = str((payload.get("metadata") or {}).get("encoding", ""))
    return base64.b64decode(encoded).decode(errors="replace")


def value_of(payload: Mapping[str, Any]) -> Any:
    """Return what a payload holds; one that is no JSON stands as its encoding and base64 text."""
    encoding, text = encoding_of(payload), str(payload.get("data", ""))
    if encoding == "binary/null":
        return None
    if encoding.startswith("json/"):
        try:
            return parsed_json(base64.b64decode(text))
        except ValueError:
            pass
    return {"encoding": encoding, "base64": text}


def values_of(payloads: Any) -> list[Any]:
    """Return what each of several payloads holds (``{"payloads": […]}``); none if there are none."""
    return [value_of(payload) for payload in (payloads or {}).get("payloads", ())]


def size_of(value: Any) -> int:
    """Return the bytes of all payloads that are somewhere in a value of protobuf JSON."""
    if isinstance(value, list):
        return sum(size_of(each) for each in value)
    if not isinstance(value, dict):
        return 0
    encoded = value.get("data")
    if isinstance(encoded, str) and "metadata" in value:
        return len(encoded) * 3 // 4 - encoded[-2:].count("=")
    return sum(size_of(each) for each in value.values())


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text that a decoded value holds, however deep; the names of fields are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
