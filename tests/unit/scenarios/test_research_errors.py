"""The research agent tells apart what is worth another attempt, and when."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta

import openai
import pytest
from temporalio.exceptions import ApplicationError

from scenarios.research.errors import LONGEST_DELAY, classified, retry_after

HTTPX = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
"""The HTTP library of the installed client: ``httpx`` up to openai 2, ``httpx2`` since openai 3."""

NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, timedelta(seconds=3)),
        ({"retry-after": "0.5"}, timedelta(seconds=0.5)),
        ({"retry-after-ms": "250"}, timedelta(milliseconds=250)),
        ({"retry-after-ms": "250", "retry-after": "3"}, timedelta(milliseconds=250)),
        ({"retry-after-ms": "soon", "retry-after": "3"}, timedelta(seconds=3)),
        ({"retry-after": "Mon, 05 Jan 2026 12:00:20 GMT"}, timedelta(seconds=20)),
        ({"retry-after": "Mon, 05 Jan 2026 11:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "99999999999"}, LONGEST_DELAY),
        ({"retry-after": "tomorrow"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: timedelta | None) -> None:
    assert retry_after(headers, now=NOW) == expected


@pytest.mark.parametrize(
    ("status", "code", "kind", "non_retryable"),
    [
        (400, "invalid_value", "InvalidInputError", True),
        (401, "invalid_api_key", "InvalidInputError", True),
        (404, "model_not_found", "InvalidInputError", True),
        (408, None, "ModelUnavailable", False),
        (409, None, "ModelUnavailable", False),
        (422, None, "InvalidInputError", True),
        (429, "rate_limit_exceeded", "RateLimited", False),
        (429, "insufficient_quota", "RateLimitExceeded", True),
        (500, None, "ModelUnavailable", False),
        (503, None, "ModelUnavailable", False),
        (529, None, "ModelUnavailable", False),
    ],
)
def test_statuses(status: int, code: str | None, kind: str, non_retryable: bool) -> None:
    error = classified(status_error(status, code=code))
    assert (error.type, error.non_retryable) == (kind, non_retryable)


def test_rate_limit_says_when_to_come_back() -> None:
    error = classified(status_error(429, code="rate_limit_exceeded", headers={"retry-after": "7"}))
    assert error.next_retry_delay == timedelta(seconds=7)


def test_no_answer_at_all_is_worth_another_attempt() -> None:
    request = HTTPX.Request("POST", "http://127.0.0.1/v1/chat/completions")
    for error in (openai.APITimeoutError(request=request), openai.APIConnectionError(request=request)):
        found: ApplicationError = classified(error)
        assert (found.type, found.non_retryable) == ("ModelUnreachable", False)


def status_error(status: int, *, code: str | None, headers: dict[str, str] | None = None) -> openai.APIStatusError:
    request = HTTPX.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = HTTPX.Response(status, headers=headers, request=request)
    return openai.APIStatusError("refused", response=response, body={"code": code, "message": "refused"})
