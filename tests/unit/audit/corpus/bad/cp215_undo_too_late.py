"""A saga that notes how to undo a step only when the step is known to be done."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

TRIES = RetryPolicy(maximum_attempts=3)
LIMIT = timedelta(seconds=10)


@activity.defn
async def book_hotel(trip: str) -> None: ...


@activity.defn
async def cancel_hotel(trip: str) -> None: ...


@workflow.defn
class Trip:
    @workflow.run
    async def run(self, trip: str) -> None:
        undo = []
        try:
            await workflow.execute_activity(book_hotel, trip, start_to_close_timeout=LIMIT, retry_policy=TRIES)
            undo.append(cancel_hotel)  # finding: CP215
            await workflow.execute_activity(book_hotel, trip, start_to_close_timeout=LIMIT, retry_policy=TRIES)
        except ActivityError:
            for each in reversed(undo):
                await workflow.execute_activity(each, trip, start_to_close_timeout=LIMIT, retry_policy=TRIES)
            raise
