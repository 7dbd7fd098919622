"""Errors in the words of a provider: OpenAI's, and Anthropic's where a path belongs to its Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.doors.http.answer import Answer, json_answer

_OPENAI = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "unknown_url"),
    429: ("requests", "rate_limit_exceeded"),
}
"""Type and code that OpenAI gives to a status; others: ``invalid_request_error`` or ``server_error``, no code."""

_OPENAI_TYPES = {"rate_limit_exceeded": "requests", "insufficient_quota": "insufficient_quota"}
"""Type that OpenAI gives to a code, whatever the status."""

_ANTHROPIC = {
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


def is_anthropic(asked: str) -> bool:
    """Tell whether an operation, or a path below the model's door, is one of Anthropic's Messages API."""
    bare = asked.partition("?")[0].strip("/").removeprefix("v1/")
    return bare == "messages" or bare.startswith("messages/")


def error_answer(
    asked: str,
    *,
    status: int,
    said: Mapping[str, Any] | str,
    digest: str,
    headers: Mapping[str, str] | None = None,
    notice: str = "",
) -> Answer:
    """Return an error of the provider whose API was asked.

    Args:
        asked: Operation, or path below the model's door.
        status: HTTP status, 400 to 599.
        said: The message, or ``message``, ``type``, ``param`` and ``code``, of which Anthropic says only the message
            and the type. What is missing is filled in as the provider has it for that code or status.
        digest: What the id of the request is made from.
        headers: Headers beside the id of the request.
        notice: See ``Answer``.
    """
    given = {"message": said} if isinstance(said, str) else dict(said)
    named = {**identified(asked, digest=digest), **(headers or {})}
    content = _anthropic(status, given, digest=digest) if is_anthropic(asked) else _openai(status, given)
    return json_answer(content, status=status, headers=named, notice=notice)


def identified(asked: str, *, digest: str) -> dict[str, str]:
    """Return the header with which the provider names the request."""
    return {"request-id" if is_anthropic(asked) else "x-request-id": f"req_{digest}"}


def _openai(status: int, given: dict[str, Any]) -> dict[str, Any]:
    kind, code = _OPENAI.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    code = given.get("code", code)
    kind = _OPENAI_TYPES.get(str(code), kind)
    return {"error": {"message": f"HTTP status {status}", "type": kind, "param": None, "code": code, **given}}


def _anthropic(status: int, given: dict[str, Any], *, digest: str) -> dict[str, Any]:
    kind = _ANTHROPIC.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": given.get("type", kind), "message": given.get("message", f"HTTP status {status}")}
    return {"type": "error", "error": error, "request_id": f"req_{digest}"}
