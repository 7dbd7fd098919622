"""Activity options, as a history and as the tape have them."""

from __future__ import annotations

import pytest

from harness.records.message_facts import ActivityTask, TaskRetryPolicy
from harness.temporal.activity_options import ActivityOptions, options_of, options_on_tape
from harness.temporal.retry_policy import RetryPolicy


def test_the_history_and_the_tape_say_the_same() -> None:
    declared = ActivityOptions(
        heartbeat=5.0, start_to_close=60.0, schedule_to_close=600.5, retry=RetryPolicy(initial=3.0)
    )
    scheduled = {
        "heartbeatTimeout": "5s",
        "startToCloseTimeout": "60s",
        "scheduleToCloseTimeout": "600.500s",
        "retryPolicy": {"initialInterval": "3s"},
    }
    handed_out = ActivityTask(
        attempt=1,
        activity_type="book",
        heartbeat_timeout=5.0,
        start_to_close_timeout=60.0,
        schedule_to_close_timeout=600.5,
        retry_policy=TaskRetryPolicy(initial=3.0),
    )
    assert options_of(scheduled) == declared
    assert options_on_tape(handed_out) == declared


def test_what_is_not_declared_is_none() -> None:
    assert options_of({}) == options_on_tape(ActivityTask(attempt=1, activity_type="book")) == ActivityOptions()


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        (ActivityOptions(), 0.0),
        (ActivityOptions(schedule_to_close=90.0), 90.0),
        (ActivityOptions(start_to_close=30.0, schedule_to_close=90.0), 30.0),
        (ActivityOptions(heartbeat=5.0, start_to_close=30.0), 5.0),
    ],
)
def test_a_death_is_noticed_by_the_shortest_timeout(options: ActivityOptions, seconds: float) -> None:
    assert options.detection == seconds
