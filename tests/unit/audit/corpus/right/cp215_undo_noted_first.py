"""A saga that notes how to undo a step before the step, or needs the step's answer for it."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

TRIES = RetryPolicy(maximum_attempts=3)
LIMIT = timedelta(seconds=10)


@activity.defn
async def book_hotel(trip: str) -> str:
    return trip


@activity.defn
async def cancel_hotel(booking: str) -> None: ...


@workflow.defn
class Trip:
    @workflow.run
    async def run(self, trip: str) -> None:
        undo = []
        done = []
        try:
            undo.append((cancel_hotel, trip))
            await workflow.execute_activity(book_hotel, trip, start_to_close_timeout=LIMIT, retry_policy=TRIES)
            done.append("hotel")
            booking = await workflow.execute_activity(
                book_hotel, trip, start_to_close_timeout=LIMIT, retry_policy=TRIES
            )
            undo.append((cancel_hotel, booking))
        except ActivityError:
            for each, argument in reversed(undo):
                await workflow.execute_activity(each, argument, start_to_close_timeout=LIMIT, retry_policy=TRIES)
            raise
