"""Recovery times: how long the work took to go on after each strike, against what the declared timeouts allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from harness.records.verdict import TimeTaken, Verdict

WIDTH = 240.0
"""Width of a drawing in its own units: three quarters of it are the time that is allowed."""

_CHECK = "recovers-in-time"
_STEPS = 120  # places in a drawing: what would lie closer together is drawn once


@dataclass(frozen=True, kw_only=True)
class RecoveryTimes:
    """How long the work took to go on after the strikes of one fault.

    Attributes:
        fault: Name of the fault.
        strikes: How many times were measured.
        middle: The median, in seconds.
        longest: The one that came nearest to its bound, or passed it furthest.
        marks: Where the times lie in the drawing.
    """

    fault: str
    strikes: int
    middle: float
    longest: TimeTaken
    marks: tuple[float, ...]

    @property
    def bound(self) -> float:
        """Where the drawing has the time that is allowed."""
        return WIDTH * 3 / 4


def recovery_times(verdicts: Iterable[Verdict]) -> list[RecoveryTimes]:
    """Return what was measured under each fault, the one first that came nearest to its bound.

    Args:
        verdicts: The trials of a scenario; those with one strike each count.
    """
    by_fault: dict[str, list[TimeTaken]] = {}
    for verdict in verdicts:
        if len(verdict.plan.strikes) == 1:
            times = [time for each in verdict.judgements if each.check == _CHECK for time in each.times]
            by_fault.setdefault(verdict.plan.strikes[0].fault, []).extend(times)
    rows = [_row(fault, times) for fault, times in by_fault.items() if times]
    return sorted(rows, key=lambda row: -_share(row.longest))


def _row(fault: str, times: list[TimeTaken]) -> RecoveryTimes:
    places = {round(min(_share(time) * 3 / 4, 1.0) * _STEPS) for time in times}
    return RecoveryTimes(
        fault=fault,
        strikes=len(times),
        middle=median(time.took for time in times),
        longest=max(times, key=_share),
        marks=tuple(place * WIDTH / _STEPS for place in sorted(places)),
    )


def _share(time: TimeTaken) -> float:
    return time.took / time.allowed if time.allowed else 1.0
