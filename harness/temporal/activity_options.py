"""The options that an activity was scheduled with: its timeouts and its retry policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.records.message_facts import ActivityTask
from harness.temporal.event import seconds
from harness.temporal.retry_policy import RetryPolicy, retry_policy_of, retry_policy_on_tape


@dataclass(frozen=True, kw_only=True)
class ActivityOptions:
    """What was declared for an activity; times in seconds, 0 for none.

    Attributes:
        heartbeat: Heartbeat timeout; the server records at most ``start_to_close``.
        start_to_close: Start-to-close timeout; the server records at most ``schedule_to_close``.
        schedule_to_close: Schedule-to-close timeout; where none is declared the server records that of the workflow's
            run.
        retry: Retry policy.
    """

    heartbeat: float = 0.0
    start_to_close: float = 0.0
    schedule_to_close: float = 0.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def detection(self) -> float:
        """Longest time in seconds until the server notices that an attempt died after its last heartbeat."""
        declared = [each for each in (self.heartbeat, self.start_to_close, self.schedule_to_close) if each]
        return min(declared, default=0.0)


def options_of(scheduled: Mapping[str, Any]) -> ActivityOptions:
    """Return the options that the attributes of an ACTIVITY_TASK_SCHEDULED event declare."""
    return ActivityOptions(
        heartbeat=seconds(scheduled.get("heartbeatTimeout")),
        start_to_close=seconds(scheduled.get("startToCloseTimeout")),
        schedule_to_close=seconds(scheduled.get("scheduleToCloseTimeout")),
        retry=retry_policy_of(scheduled.get("retryPolicy")),
    )


def options_on_tape(task: ActivityTask) -> ActivityOptions:
    """Return the options that an activity task carries which was handed out."""
    return ActivityOptions(
        heartbeat=task.heartbeat_timeout,
        start_to_close=task.start_to_close_timeout,
        schedule_to_close=task.schedule_to_close_timeout,
        retry=retry_policy_on_tape(task.retry_policy),
    )
