"""A plan: which strikes one trial makes, each a fault at a point. The empty plan is the baseline's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness import faults
from harness.errors import UsageError
from harness.faults.fault import Fault
from harness.records.point import Point, point_of


@dataclass(frozen=True)
class Strike:
    """One fault at one point.

    Attributes:
        fault: Name of the fault, such as ``kill-worker``.
        point: Id of the point.
    """

    fault: str
    point: str

    @property
    def at(self) -> Point:
        """The point that its id names, as far as an id tells."""
        return point_of(self.point)

    def __str__(self) -> str:
        return f"{self.fault}@{self.point}"


@dataclass(frozen=True)
class Plan:
    """The strikes of one trial, in the order in which they are made.

    Attributes:
        strikes: Empty for a baseline.
        real_time: Whether timeouts after a strike elapse in real time instead of being asked for at once.
    """

    strikes: tuple[Strike, ...] = ()
    real_time: bool = False

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of its strikes, in order."""
        return tuple(faults.named(strike.fault) for strike in self.strikes)

    def __str__(self) -> str:
        words = ",".join(str(strike) for strike in self.strikes) or "baseline"
        return words + (";real-time" if self.real_time else "")

    def trial_id(self, scenario: str) -> str:
        """Return the id of the trial of that scenario under this plan: six hex digits, the same in every run."""
        return hashlib.blake2s(f"{scenario}\n{self}".encode(), digest_size=3).hexdigest()


def baseline_trials(scenario: str) -> tuple[str, str]:
    """Return the ids of the two undisturbed trials of a scenario, in order."""
    first = Plan().trial_id(scenario)
    return first, f"{first}-2"


def parse(text: str) -> Plan:
    """Read a plan from what ``str(plan)`` wrote.

    Raises:
        UsageError: The text names no fault, or a fault that does not exist.
    """
    body, _, suffix = text.partition(";")
    if suffix not in ("", "real-time"):
        raise UsageError(f"a plan ends with ';real-time' or nothing, not {suffix!r}")
    if body in ("", "baseline"):
        return Plan(real_time=bool(suffix))
    strikes = []
    for part in body.split(","):
        fault, separator, point = part.partition("@")
        if not separator or not point:
            raise UsageError(f"a strike is written FAULT@POINT, not {part!r}")
        strikes.append(Strike(faults.named(fault).name, point))
    return Plan(tuple(strikes), bool(suffix))
