"""Rounds of a sweep: all points that are known are tried, then those that the recoveries showed, until none is new."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from harness.faults import Fault
from harness.records.cut import Cut
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.sweeps.plans import further_plan, is_followed, recovery_cuts

RECOVERY_ROUNDS = 5
"""How many rounds of points that recoveries showed are tried.

A sweep is complete when a round shows nothing new, which the first or the second one nearly always does. An agent whose
every recovery does something that none has done before would never let it end. What is known by then and not tried
makes the outcome UNKNOWN.
"""

ENDLESS = f"recoveries still showed new points after {RECOVERY_ROUNDS} rounds"

Try = Callable[[Plan], Awaitable[Evidence | None]]
"""Runs and judges the trial of a plan; returns its evidence, or None where its recovery is not to be followed."""


async def try_all(
    plans: Sequence[Plan],
    *,
    attempt: Try,
    chosen: Sequence[Fault],
    known: set[str],
    options: SweepOptions,
    discovered: Callable[[Sequence[Cut]], None],
) -> list[Cut]:
    """Try plans and all that they lead to; return what was known and left when the limit on rounds ended that.

    1. All plans of a round are tried at the same time, as far as the number of jobs allows.
    2. The recoveries of a round are looked at in the order of its plans, whichever trial was done first. So a sweep
       that is gone on with makes the same plans again, and knows their trials by their ids.
    3. Each cut at a place that is new is a plan of the next round: the strikes that led there, and one more.

    Where only some points were asked for, those of recoveries are not followed.

    Args:
        plans: The plans of the first round.
        attempt: Tries one plan.
        chosen: The faults of the sweep.
        known: Places that are known; those that recoveries show are added.
        options: How the sweep is run.
        discovered: Called with the cuts that the next round is about to try.
    """
    for number in range(1 + RECOVERY_ROUNDS):
        shown: list[tuple[Plan, Cut]] = []
        async with asyncio.TaskGroup() as group:
            trying = deque((plan, group.create_task(_tried(attempt, plan))) for plan in plans)
            while trying:  # and no longer than that the evidence of a trial is kept in memory
                plan, task = trying.popleft()
                evidence = await task
                if evidence and is_followed(evidence, options):
                    shown += [(plan, cut) for cut in recovery_cuts(chosen, evidence, known=known)]
                del task, evidence
        if options.only:
            break
        left = [cut for _, cut in shown]
        if not left or number == RECOVERY_ROUNDS:
            return left
        discovered(left)
        plans = [further_plan(plan, cut, options=options) for plan, cut in shown]
    return []


async def _tried(attempt: Try, plan: Plan) -> Evidence | None:
    return await attempt(plan)
