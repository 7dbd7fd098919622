"""The circuit breaker of the research agent: whether the usual model is asked, or left in peace for a while.

It is made of what the history tells, results of activities and the workflow's own time, and lives in the workflow: a
worker that dies takes nothing of it along, and a replay decides as the first run did.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

State = Literal["closed", "open", "half-open"]
"""``closed``: the usual model is asked. ``open``: it is not. ``half-open``: one attempt shows whether it is back."""


class Breaker:
    """Counts the steps in a row that the usual model has failed.

    Args:
        opens_after: From how many on it opens.
        stays_open_s: Seconds until it is half open.
    """

    def __init__(self, *, opens_after: int, stays_open_s: float) -> None:
        self._opens_after = opens_after
        self._stays_open = timedelta(seconds=stays_open_s)
        self._failures = 0
        self._failed_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Return the state at a time of the workflow."""
        if self._failed_at is None or self._failures < self._opens_after:
            return "closed"
        return "open" if now < self._failed_at + self._stays_open else "half-open"

    def failed(self, now: datetime) -> None:
        """Count a step for which the usual model was of no use."""
        self._failures += 1
        self._failed_at = now

    def succeeded(self) -> None:
        """Forget what was: the usual model has answered."""
        self._failures = 0
        self._failed_at = None
