"""A workflow whose timeouts contradict each other in three ways."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3)
LONG = timedelta(minutes=10)


@activity.defn
async def step(number: int) -> int:
    activity.heartbeat(number)
    return number + 1


@workflow.defn
class StepsWorkflow:
    @workflow.run
    async def run(self) -> int:
        first = await workflow.execute_activity(  # finding: CP402
            step,
            1,
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=RETRIES,
        )
        second = await workflow.execute_activity(  # finding: CP402
            step,
            first,
            start_to_close_timeout=LONG,
            schedule_to_close_timeout=LONG / 2,
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RETRIES,
        )
        return await workflow.execute_activity(  # finding: CP402
            step,
            second,
            start_to_close_timeout=timedelta(seconds=-5),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RETRIES,
        )
