"""Whether the server would give an activity another attempt, were the timeout of this one waited for as declared.

A worker that dies is noticed only when the attempt times out, by heartbeat or by start-to-close. Schedule-to-close goes
on meanwhile: an activity that declares it no longer than that is never tried again, however soon the timeout is made
to happen. The server tells by ``expiration_time`` when it is over; a timeout of the run ends it at the latest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from harness.temporal.retry_policy import RETRY_COEFFICIENT, RETRY_INITIAL_SECONDS, RetryPolicy


def seen_last(pending: Any, timeout: str) -> timedelta:
    """Return since when a timeout of the attempt that runs counts, as time since 1970 on the server's clock.

    Args:
        pending: The activity, a ``PendingActivityInfo``.
        timeout: Name of the timeout: ``heartbeat_timeout`` or ``start_to_close_timeout``.
    """
    beats = timeout == "heartbeat_timeout" and pending.HasField("last_heartbeat_time")
    begun = _time(pending.last_started_time)
    return max(begun, _time(pending.last_heartbeat_time)) if beats else begun


def scheduled(pending: Any) -> timedelta:
    """Return when the activity was scheduled, as ``seen_last`` does."""
    return _time(pending.scheduled_time)


def comes(pending: Any, timeout: str, *, skipped: timedelta) -> bool:
    """Tell whether another attempt would come after this timeout; no matter how many there may be.

    Args:
        pending: The activity.
        timeout: Name of the timeout by which the loss would be noticed.
        skipped: How long its timeouts so far would have taken that were made to happen sooner.
    """
    if not pending.HasField("expiration_time"):
        return True
    options = pending.activity_options
    declared: timedelta = getattr(options, timeout).ToTimedelta()
    exhausted = 0 < pending.maximum_attempts <= pending.attempt
    waits = timedelta() if exhausted else _interval(options.retry_policy, pending.attempt)
    return seen_last(pending, timeout) + declared + skipped + waits <= _time(pending.expiration_time)


def _interval(policy: Any, attempt: int) -> timedelta:
    """Return how long the server waits after this attempt, by its defaults where nothing is declared."""
    declared = RetryPolicy(
        initial=policy.initial_interval.ToTimedelta().total_seconds() or RETRY_INITIAL_SECONDS,
        coefficient=policy.backoff_coefficient or RETRY_COEFFICIENT,
        maximum=policy.maximum_interval.ToTimedelta().total_seconds(),
    )
    return timedelta(seconds=declared.delay(attempt))


def _time(stamp: Any) -> timedelta:
    return timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
