"""An attempt whose worker died is followed by another one only if schedule-to-close leaves the time for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.workflow.v1 import PendingActivityInfo

from harness.trial.next_attempt import comes, scheduled, seen_last

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pending(
    *, close: float = 300, heartbeat: float = 0, total: float = 0, beat: float = 0, attempt: int = 1, **policy: float
) -> PendingActivityInfo:
    """Return an activity that was scheduled at noon, and started a second later; all in seconds."""
    info = PendingActivityInfo(attempt=attempt, maximum_attempts=int(policy.get("attempts", 0)))
    info.scheduled_time.FromDatetime(NOON)
    info.last_started_time.FromDatetime(NOON + timedelta(seconds=1))
    if beat:
        info.last_heartbeat_time.FromDatetime(NOON + timedelta(seconds=beat))
    if total:
        info.expiration_time.FromDatetime(NOON + timedelta(seconds=total))
    options = info.activity_options
    options.start_to_close_timeout.FromTimedelta(timedelta(seconds=close))
    options.heartbeat_timeout.FromTimedelta(timedelta(seconds=heartbeat))
    options.retry_policy.initial_interval.FromTimedelta(timedelta(seconds=policy.get("initial", 0)))
    options.retry_policy.maximum_interval.FromTimedelta(timedelta(seconds=policy.get("maximum", 0)))
    options.retry_policy.backoff_coefficient = policy.get("coefficient", 0)
    return info


@pytest.mark.parametrize(
    ("given", "skipped", "another"),
    [
        ({}, 0, True),
        ({"total": 300}, 0, False),
        ({"total": 301.5}, 0, False),  # started a second late, and the first wait is one more
        ({"total": 302}, 0, True),
        ({"total": 301.5, "attempts": 1}, 0, True),  # it is the attempts that are over, and not the time
        ({"total": 310, "initial": 20}, 0, False),
        ({"total": 310, "attempt": 5}, 0, False),  # 16 s by then
        ({"total": 310, "attempt": 5, "maximum": 3}, 0, True),
        ({"total": 310, "attempt": 900, "coefficient": 1.0}, 0, True),
        ({"total": 500}, 298, False),
        ({"total": 700}, 298, True),
    ],
)
def test_there_is_time_for_another_attempt(given: dict[str, Any], skipped: float, another: bool) -> None:
    assert comes(pending(**given), "start_to_close_timeout", skipped=timedelta(seconds=skipped)) is another


def test_a_heartbeat_counts_from_the_last_one() -> None:
    beaten, silent = pending(heartbeat=10, total=25, beat=13), pending(heartbeat=10, total=25)
    assert not comes(pending(heartbeat=10, total=25, beat=15), "heartbeat_timeout", skipped=timedelta())
    assert comes(beaten, "heartbeat_timeout", skipped=timedelta())
    assert not comes(beaten, "start_to_close_timeout", skipped=timedelta())
    assert seen_last(beaten, "heartbeat_timeout") - scheduled(beaten) == timedelta(seconds=13)
    assert seen_last(silent, "heartbeat_timeout") - scheduled(silent) == timedelta(seconds=1)
