"""The map of a sweep: what each fault came to at each point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.records.verdict import Outcome, Verdict, worst


@dataclass(frozen=True)
class FaultMap:
    """What each fault came to at each point.

    Attributes:
        faults: Names of the faults that were made, the columns.
        rows: For each point in words what each fault came to there: an outcome, or an empty text where it was not made.
    """

    faults: list[str]
    rows: list[tuple[str, list[str]]]


def fault_map(verdicts: Iterable[Verdict]) -> FaultMap:
    """Return the map of the trials with one strike each, points and faults in the order in which they were tried."""
    outcomes: dict[str, dict[str, list[Outcome]]] = {}
    names: dict[str, None] = {}
    for verdict in verdicts:
        if len(verdict.plan.strikes) == 1:
            strike = verdict.plan.strikes[0]
            names[strike.fault] = None
            outcomes.setdefault(strike.at.text, {}).setdefault(strike.fault, []).append(verdict.outcome)
    rows = [
        (point, [worst(row[name]).value if name in row else "" for name in names]) for point, row in outcomes.items()
    ]
    return FaultMap(list(names), rows)
