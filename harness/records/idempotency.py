"""Idempotency keys: where a request says which effect it asks for, so that the same one asked again happens once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEADERS = ("idempotency-key", "x-idempotency-key")

KEY_FIELDS = frozenset({"idempotency_key", "idempotencyKey", "idempotency-key"})
"""Names of the fields of a body that hold a key, where no header does."""


def idempotency_key(headers: Mapping[str, str], body: Any) -> str:
    """Return the key that a request carries in its headers, or else in a field of its body; empty: none.

    Args:
        headers: Headers, names in lower case.
        body: The body: parsed JSON, else the text.
    """
    for header in _HEADERS:
        if headers.get(header):
            return headers[header]
    fields = body if isinstance(body, dict) else {}
    return next((value for name, value in fields.items() if _is_key(name, value)), "")


def without_key(headers: Mapping[str, str], body: Any) -> Any:
    """Return what the body of a request says beside its key."""
    if not isinstance(body, dict) or any(headers.get(header) for header in _HEADERS):
        return body
    return {name: value for name, value in body.items() if not _is_key(name, value)}


def _is_key(name: str, value: Any) -> bool:
    return name in KEY_FIELDS and isinstance(value, str) and bool(value)
