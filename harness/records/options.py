"""The options of a run: what the user asks for beside the scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.prices import Price
from harness.records.verdict import Severity


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """How a sweep is run.

    Attributes:
        real_time: Whether no timeout is accelerated.
        only: Point ids or ``*`` patterns; where given, only cuts at these points are tried.
        points_only: Whether to stop after the baselines.
        time_limit: Seconds from the start of the sweep after which no further trial begins; 0: none.
        max_failures: Number of failed trials after which no further trial begins; 0: none.
        workflows: Modules for the Replayer, where the scenario does not tell them.
        cold: Whether every worker process is started cold. Else those of the first baseline of each program are, and
            the others are forked where that comes to the same.
        next: The next version of the worker, where it is not that of the scenario: see ``Scenario``.
        faults: Names of faults or families, where they are not those of the scenario.
        engine: Name of the engine that runs the server.
        fail_on: How bad a finding must be to fail.
        once_each: Whether a fault that could be made at every message is made once for each type of activity.
        pairs: How many pairs of strikes are tried at most, once all points are (``harness.sweeps.pairs``).
        prices: What models cost, to tell what tokens that were billed twice cost.
    """

    real_time: bool = False
    only: tuple[str, ...] = ()
    points_only: bool = False
    time_limit: float = 0.0
    max_failures: int = 0
    workflows: tuple[str, ...] = ()
    cold: bool = False
    next: str = ""
    faults: tuple[str, ...] = ()
    engine: str = "dev"
    fail_on: Severity = Severity.BROKEN
    once_each: bool = False
    pairs: int = 0
    prices: tuple[Price, ...] = ()
