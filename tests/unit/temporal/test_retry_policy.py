"""The backoff of a retry policy, with the defaults of the server."""

from __future__ import annotations

import pytest

from harness.records.message_facts import TaskRetryPolicy
from harness.temporal.retry_policy import RetryPolicy, retry_policy_of, retry_policy_on_tape


def test_intervals_grow_up_to_the_longest_one() -> None:
    policy = RetryPolicy(initial=2.0, coefficient=3.0, maximum=50.0)
    assert [policy.delay(attempt) for attempt in (1, 2, 3, 4, 5)] == [2.0, 6.0, 18.0, 50.0, 50.0]
    assert policy.delays(4) == (2.0, 6.0, 18.0)


def test_without_a_maximum_the_longest_interval_is_a_hundred_times_the_first() -> None:
    assert RetryPolicy().longest == 100.0
    assert RetryPolicy(initial=0.5).delay(60) == 50.0


def test_an_interval_that_no_number_can_hold_is_the_longest_one() -> None:
    assert RetryPolicy(coefficient=10.0, maximum=7.0).delay(100_000) == 7.0


@pytest.mark.parametrize("asked", [0.0, 3.0, 500.0])
def test_what_a_failure_asks_for_is_what_is_waited(asked: float) -> None:
    assert RetryPolicy(maximum=100.0).delay(3, next_retry_delay=asked) == asked


@pytest.mark.parametrize(
    ("attempts", "limit", "fitting"), [(5, 3.0, 2), (5, 3.1, 3), (5, 1_000.0, 5), (0, 0.5, 1), (1, 0.5, 1)]
)
def test_attempts_fit_into_a_limit_by_their_intervals(attempts: int, limit: float, fitting: int) -> None:
    assert RetryPolicy(attempts=attempts).fitting(limit) == fitting


def test_delays_of_very_many_attempts_are_cut_off() -> None:
    assert len(RetryPolicy(attempts=10**9).delays(10**9)) == 1_000


def test_what_a_history_does_not_say_is_the_server_s_default() -> None:
    written = {"initialInterval": "1.500s", "maximumAttempts": 4, "nonRetryableErrorTypes": ["ValueError"]}
    assert retry_policy_of(written) == RetryPolicy(initial=1.5, attempts=4, non_retryable=("ValueError",))
    assert retry_policy_of(None) == retry_policy_of({}) == RetryPolicy()


def test_the_tape_and_the_history_say_the_same() -> None:
    on_tape = TaskRetryPolicy(initial=1.5, coefficient=3.0, maximum=9.0, attempts=4, non_retryable=["ValueError"])
    in_history = {
        "initialInterval": "1.5s",
        "backoffCoefficient": 3,
        "maximumInterval": "9s",
        "maximumAttempts": 4,
        "nonRetryableErrorTypes": ["ValueError"],
    }
    assert retry_policy_on_tape(on_tape) == retry_policy_of(in_history)
    assert retry_policy_on_tape(TaskRetryPolicy()) == RetryPolicy()
