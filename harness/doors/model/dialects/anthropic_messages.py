"""Anthropic's Messages: ``POST /v1/messages``. It is not played yet; what is refused is refused in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.doors.model.dialect import Dialect
from harness.faults.action import ModelError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Type that Anthropic gives to a status; others are ``invalid_request_error`` or ``api_error``."""


def _error_body(status: int, words: Mapping[str, Any], *, digest: str) -> dict[str, Any]:
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": words.get("type", kind), "message": words.get("message", f"HTTP status {status}")}
    return {"type": "error", "error": error, "request_id": f"req_{digest}"}


def _fault_words(action: ModelError) -> dict[str, Any]:
    """Return the message alone: Anthropic's type follows from the status."""
    return {"message": action.message}


ANTHROPIC_MESSAGES = Dialect(
    name="anthropic-messages",
    path="messages",
    request_id_header="request-id",
    error_body=_error_body,
    fault_words=_fault_words,
)
