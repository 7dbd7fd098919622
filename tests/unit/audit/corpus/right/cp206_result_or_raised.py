"""A failed step becomes a result, and a cancellation is raised: each is told as what it is."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

TRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
async def book(place: str) -> str:
    return place


@workflow.defn
class Booking:
    @workflow.run
    async def run(self, place: str) -> dict[str, str]:
        try:
            booked = await workflow.execute_activity(
                book, place, start_to_close_timeout=timedelta(seconds=10), retry_policy=TRIES
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return {"status": "failed", "why": str(error)}
        return {"status": "booked", "place": booked}


@workflow.defn
class Waiting:
    def __init__(self) -> None:
        self.noted = ""

    @workflow.run
    async def run(self) -> str:
        waiting = asyncio.create_task(workflow.sleep(timedelta(hours=1)))
        await workflow.wait_condition(lambda: bool(self.noted), timeout=timedelta(minutes=1))
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            return self.noted
        return "waited"

    @workflow.signal
    def note(self, text: str) -> None:
        self.noted = text
