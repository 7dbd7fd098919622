"""Errors of the model door as answers, in the words of the provider whose API was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.doors.http.answer import Answer, json_answer
from harness.doors.model.dialect import Dialect


def error_answer(
    dialect: Dialect,
    *,
    status: int,
    said: Mapping[str, Any] | str,
    digest: str,
    headers: Mapping[str, str] | None = None,
    notice: str = "",
) -> Answer:
    """Return an error of the provider whose API was asked.

    Args:
        dialect: The API that was asked.
        status: HTTP status, 400 to 599.
        said: The message, or ``message``, ``type``, ``param`` and ``code``, of which a provider may say only some.
            What is missing is filled in as the provider has it for that code or status.
        digest: What the id of the request is made from.
        headers: Headers beside the id of the request.
        notice: See ``Answer``.
    """
    words = {"message": said} if isinstance(said, str) else dict(said)
    named = {**dialect.identified(digest), **(headers or {})}
    return json_answer(dialect.error_body(status, words, digest=digest), status=status, headers=named, notice=notice)
