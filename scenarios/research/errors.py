"""Which errors of the model's API are worth another attempt, and when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import openai
from temporalio.exceptions import ApplicationError

LONGEST_DELAY = timedelta(minutes=1)
OUTAGES = frozenset({"IncompleteAnswer", "ModelUnavailable", "ModelUnreachable", "RateLimited"})
"""Types of failures that another model may not have."""


def classified(error: openai.APIError, *, refused: str = "InvalidInputError") -> ApplicationError:
    """Return what the activity raises: a rate limit says when to come back, a refused request never comes back.

    Args:
        error: What the client raised.
        refused: Failure type of a request that is refused as it is.
    """
    if not isinstance(error, openai.APIStatusError):
        return ApplicationError(str(error), type="ModelUnreachable")
    if error.status_code == 429:
        return _limited(error)
    if error.status_code in (408, 409) or error.status_code >= 500:
        return ApplicationError(str(error), type="ModelUnavailable", next_retry_delay=_delay(error))
    return ApplicationError(str(error), type=refused, non_retryable=True)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return how long the provider asks to wait, at most ``LONGEST_DELAY``; None where it says nothing sensible.

    Read are ``retry-after-ms`` (milliseconds) and ``retry-after`` (seconds or an HTTP date, RFC 9110 section 10.2.3).
    """
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        seconds /= 1000
    else:
        seconds = _number(headers.get("retry-after"))
    if seconds is None:
        seconds = _seconds_until(headers.get("retry-after"), now)
    if seconds is None or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_DELAY.total_seconds()))


def _limited(error: openai.APIStatusError) -> ApplicationError:
    if "insufficient_quota" in (error.code, error.type):
        return ApplicationError(str(error), type="RateLimitExceeded", non_retryable=True)
    return ApplicationError(str(error), type="RateLimited", next_retry_delay=_delay(error))


def _delay(error: openai.APIStatusError) -> timedelta | None:
    return retry_after(error.response.headers, now=datetime.now(UTC))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds_until(text: str | None, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
