"""Pairs of strikes in one trial: a second one at a point that a recovery from the first came to.

The points that only recoveries show are struck in any case (``harness.sweeps.rounds``). Pairs are made at the others,
which an undisturbed run meets too: a worker that is killed again while an activity is done for the second time. There
are as many as the square of the points, so a number bounds them, and which are chosen follows from the plans alone: one
of each pair of fault families comes first, then one of each pair of faults; of one such pair, first strikes take turns,
each with the point that came next after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.faults import Fault
from harness.records.cut import Cut, cuts_of, is_sent_by_a_clock
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.point import is_goodbye, place_of
from harness.sweeps.plans import faults_after, in_turn, is_wanted, recovery_of, spread

MOST_AFTER_ONE = 20
"""Second strikes that are looked at after one first strike, unless more are needed to make as many pairs as asked."""


def second_strikes(
    evidence: Evidence, *, chosen: Sequence[Fault], known: Collection[str], options: SweepOptions, most: int
) -> tuple[Strike, ...]:
    """Return the strikes that may come second after the one of a trial; those at the points that came next are first.

    Args:
        evidence: The trial; after one that does not make just one strike nothing comes second.
        chosen: The faults of the sweep.
        known: The places that the undisturbed trials met.
        options: How the sweep is run.
        most: How many at most; one of each fault family comes first.
    """
    plan = evidence.plan
    if len(plan.strikes) != 1 or not options.pairs:
        return ()
    recovery = recovery_of(evidence)
    second = [
        replace(plan, strikes=(*plan.strikes, cut.strike))
        for fault in faults_after(chosen, evidence)
        for cut in cuts_of(fault, recovery)
        if _comes_second(cut, known=known, only=options.only)
    ]
    return tuple(each.strikes[-1] for each in spread(second)[:most])


def most_after_one(plans: int, *, pairs: int) -> int:
    """Return how many second strikes are looked at after each of so many plans."""
    return max(MOST_AFTER_ONE, -(-pairs // max(1, plans)))


def chosen_pairs(
    plans: Sequence[Plan], second: Mapping[Plan, Sequence[Strike]], *, options: SweepOptions
) -> list[Plan]:
    """Return the pairs that are tried, as many as the options allow.

    Args:
        plans: The plans of one strike, in order.
        second: The strikes that may come second after each of them, as ``second_strikes`` returns them.
        options: How the sweep is run.
    """
    rows = [[_pair(plan, strike, options=options) for strike in second.get(plan, ())] for plan in plans]
    return list(dict.fromkeys(spread(in_turn(rows))))[: options.pairs]


def are_pairs(plans: Iterable[Plan], *, known: Collection[str]) -> list[Plan]:
    """Return those of the plans that are pairs, and not the strike that led to a point of a recovery and one there.

    Args:
        plans: The plans.
        known: The places that the undisturbed trials met.
    """
    return [plan for plan in plans if len(plan.strikes) == 2 and place_of(plan.strikes[-1].point) in known]


class ShownPairs:
    """The pairs that the trials of a sweep show, from one to the next, while it makes them.

    Args:
        chosen: The faults of the sweep.
        options: How it is run.
    """

    def __init__(self, chosen: Sequence[Fault], options: SweepOptions) -> None:
        self._chosen = chosen
        self._options = options
        self._known: frozenset[str] = frozenset()
        self._plans: Sequence[Plan] = ()
        self._second: dict[Plan, tuple[Strike, ...]] = {}

    def begin(self, plans: Sequence[Plan], *, known: frozenset[str]) -> None:
        """Begin with the plans of one strike, and the places that the undisturbed trials met."""
        self._plans, self._known = plans, known

    def look_at(self, evidence: Evidence) -> None:
        """Remember what may come second in a trial."""
        most = most_after_one(len(self._plans), pairs=self._options.pairs)
        second = second_strikes(evidence, chosen=self._chosen, known=self._known, options=self._options, most=most)
        if second:
            self._second[evidence.plan] = second

    def chosen(self) -> list[Plan]:
        """Return the pairs that are tried."""
        return chosen_pairs(self._plans, self._second, options=self._options)


def _pair(plan: Plan, strike: Strike, *, options: SweepOptions) -> Plan:
    return Plan((*plan.strikes, strike), real_time=options.real_time)


def _comes_second(cut: Cut, *, known: Collection[str], only: Sequence[str]) -> bool:
    """Tell whether a second strike is made at a cut: an undisturbed run meets its place, at every time."""
    point = cut.point
    steady = point.place in known and not is_sent_by_a_clock(point)
    return steady and not is_goodbye(point.id) and is_wanted(cut, only)
