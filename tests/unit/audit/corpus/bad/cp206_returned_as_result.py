"""A cancellation that becomes an ordinary result: who cancelled the workflow is told that it completed."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError


@activity.defn
async def book(place: str) -> str:
    return place


@workflow.defn
class Booking:
    @workflow.run
    async def run(self, place: str) -> dict[str, str]:
        try:
            booked = await workflow.execute_activity(
                book, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=3)
            )
        except ActivityError as error:  # finding: CP206
            return {"status": "failed", "why": str(error)}
        return {"status": "booked", "place": booked}


@workflow.defn
class Waiting:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.sleep(timedelta(hours=1))
        except asyncio.CancelledError:  # finding: CP206
            return "cancelled"
        return "waited"
