"""Who makes the trials of a campaign, as its activities see him: this machine, or a script in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.scenario import Scenario
from harness.records.sweep_result import SweepResult

Tried = Callable[[Plan, Evidence | None], None]
"""Called with a plan that was tried, and the evidence whose recovery is to be followed, or None."""


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """What the undisturbed trials of a scenario showed.

    Attributes:
        result: What the sweep came to so far.
        plans: The plans of the first round, so ordered that one of each fault family comes first.
        places: The places that the undisturbed trials met.
    """

    result: SweepResult
    plans: tuple[Plan, ...] = ()
    places: frozenset[str] = field(default_factory=frozenset)


class TrialMaker(Protocol):
    """Makes the trials of a scenario: on this machine, or, where coordination alone is measured, by the clock."""

    async def undisturbed(self, scenario: Scenario, *, folder: Path, options: SweepOptions) -> Undisturbed:
        """Make the undisturbed trials."""
        ...

    async def some(
        self, scenario: Scenario, plans: Sequence[Plan], *, folder: Path, options: SweepOptions, tried: Tried
    ) -> SweepResult:
        """Make the trials of some plans; the undisturbed ones are in the folder."""
        ...
