"""The same list, shuffled by the random stream of the workflow."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def visit(place: str) -> str:
    return place


@workflow.defn
class Tour:
    @workflow.run
    async def run(self, places: list[str]) -> None:
        order = list(places)
        workflow.random().shuffle(order)
        for place in order:
            await workflow.execute_activity(
                visit,
                place,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
