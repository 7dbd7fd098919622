"""Randomness that changes a list in place, and decides the order of activities."""

import random
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

ONCE = RetryPolicy(maximum_attempts=3)


@activity.defn
async def visit(place: str) -> str:
    return place


@workflow.defn
class Tour:
    @workflow.run
    async def run(self, places: list[str]) -> None:
        order = list(places)
        random.shuffle(order)  # finding: CP102
        for place in order:
            await workflow.execute_activity(
                visit, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
            )


@workflow.defn(sandboxed=False)  # finding: CP503
class Detour:
    @workflow.run
    async def run(self, places: list[str]) -> None:
        random.shuffle(places)  # finding: CP102
        for place in places:
            await workflow.execute_activity(
                visit, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
            )
