"""A retry policy, with the server's defaults: how long it waits between attempts, and how many it allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.records.message_facts import TaskRetryPolicy
from harness.temporal.event import seconds

RETRY_INITIAL_SECONDS = 1.0
RETRY_COEFFICIENT = 2.0
RETRY_MAXIMUM_FACTOR = 100.0
"""What the server fills in: the longest interval is that many times the first."""

_MOST_COUNTED = 1_000  # attempts, of a policy that allows any number


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """A retry policy; intervals in seconds.

    Attributes:
        initial: First interval.
        coefficient: Factor from one interval to the next.
        maximum: Longest interval; 0: the server's default, 100 times the first.
        attempts: Maximum attempts; 0: unlimited.
        non_retryable: Failure types that are not retried.
    """

    initial: float = RETRY_INITIAL_SECONDS
    coefficient: float = RETRY_COEFFICIENT
    maximum: float = 0.0
    attempts: int = 0
    non_retryable: tuple[str, ...] = ()

    @property
    def longest(self) -> float:
        """Longest interval in seconds, by the server's default where none is declared."""
        return self.maximum or RETRY_MAXIMUM_FACTOR * self.initial

    def delay(self, attempt: int, *, next_retry_delay: float | None = None) -> float:
        """Return the seconds between the end of an attempt that failed and the next one.

        Args:
            attempt: Number of the attempt that failed, from 1.
            next_retry_delay: What its failure asked for, which no maximum cuts off; None: nothing.
        """
        if next_retry_delay is not None:
            return float(next_retry_delay)
        try:
            return float(min(self.longest, self.initial * self.coefficient ** (attempt - 1)))
        except OverflowError:
            return self.longest

    def delays(self, attempts: int) -> tuple[float, ...]:
        """Return the seconds between so many attempts, one number less than there are attempts; at most 1,000."""
        return tuple(self.delay(attempt) for attempt in range(1, min(attempts, _MOST_COUNTED + 1)))

    def fitting(self, limit: float) -> int:
        """Return how many attempts can begin within a time in seconds, if none of them takes any time."""
        waited = 0.0
        most = self.attempts or _MOST_COUNTED
        for attempt in range(1, most):
            waited += self.delay(attempt)
            if waited >= limit:
                return attempt
        return most


def retry_policy_of(policy: Mapping[str, Any] | None) -> RetryPolicy:
    """Return a retry policy that is written in protobuf JSON, as in the events of a history."""
    policy = policy or {}
    return RetryPolicy(
        initial=seconds(policy.get("initialInterval")) or RETRY_INITIAL_SECONDS,
        coefficient=float(policy.get("backoffCoefficient") or RETRY_COEFFICIENT),
        maximum=seconds(policy.get("maximumInterval")),
        attempts=int(policy.get("maximumAttempts") or 0),
        non_retryable=tuple(str(name) for name in policy.get("nonRetryableErrorTypes") or ()),
    )


def retry_policy_on_tape(policy: TaskRetryPolicy) -> RetryPolicy:
    """Return the retry policy that an activity task carries which was handed out."""
    return RetryPolicy(
        initial=policy.initial or RETRY_INITIAL_SECONDS,
        coefficient=policy.coefficient or RETRY_COEFFICIENT,
        maximum=policy.maximum,
        attempts=policy.attempts,
        non_retryable=tuple(policy.non_retryable),
    )
