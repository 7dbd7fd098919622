"""Timeouts and retries of an activity that is started without a workflow, as its start declares them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from harness.errors import UsageError
from harness.records.field_types import hold_types

START_TO_CLOSE = 60.0
"""Seconds that an attempt may take of an activity that is started from the command line without any timeout."""


@dataclass(frozen=True, kw_only=True)
class ActivityTimeouts:
    """What the start of an activity declares; times in seconds, 0 for none: the server's own default.

    Attributes:
        start_to_close: How long one attempt may take.
        schedule_to_close: How long all attempts together may take.
        schedule_to_start: How long it may wait for a worker.
        heartbeat: How long an attempt may be silent.
        initial_interval: Wait after the first attempt that failed.
        backoff_coefficient: Factor from one wait to the next.
        maximum_interval: Longest wait.
        maximum_attempts: How many attempts there may be.
        non_retryable: Types of failures that are not retried.
    """

    start_to_close: float = 0.0
    schedule_to_close: float = 0.0
    schedule_to_start: float = 0.0
    heartbeat: float = 0.0
    initial_interval: float = 0.0
    backoff_coefficient: float = 0.0
    maximum_interval: float = 0.0
    maximum_attempts: int = 0
    non_retryable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        hold_types(self)
        numbers = [getattr(self, each.name) for each in fields(self) if each.name != "non_retryable"]
        if min(numbers) < 0:
            raise UsageError("timeouts and retries of an activity are numbers from 0 on, 0 for none")
        if not (self.start_to_close or self.schedule_to_close):
            raise UsageError(
                "an activity without a workflow needs start_to_close_timeout or schedule_to_close_timeout, in seconds"
            )

    @property
    def in_words(self) -> str:
        """What is declared, as a reader of a report is told."""
        times = {
            "start to close": self.start_to_close,
            "schedule to close": self.schedule_to_close,
            "schedule to start": self.schedule_to_start,
            "heartbeat": self.heartbeat,
        }
        words = [f"{name} {seconds:g} s" for name, seconds in times.items() if seconds]
        attempts = f"at most {self.maximum_attempts} attempts" if self.maximum_attempts else "attempts without limit"
        return ", ".join([*words, attempts])
