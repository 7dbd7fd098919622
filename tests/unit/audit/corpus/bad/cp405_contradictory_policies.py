"""Retry policies that the SDK refuses while the workflow runs."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

SHRINKING = RetryPolicy(maximum_attempts=4, backoff_coefficient=0.5)  # finding: CP405
CROSSED = RetryPolicy(  # finding: CP405
    initial_interval=timedelta(minutes=1), maximum_interval=timedelta(seconds=30), maximum_attempts=4
)


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}"


@workflow.defn
class GreetingWorkflow:
    @workflow.run
    async def run(self, name: str) -> str:
        first = await workflow.execute_activity(
            greet, name, start_to_close_timeout=timedelta(seconds=10), retry_policy=SHRINKING
        )
        second = await workflow.execute_activity(
            greet, first, start_to_close_timeout=timedelta(seconds=10), retry_policy=CROSSED
        )
        return await workflow.execute_activity(
            greet,
            second,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=-1),  # finding: CP405
        )
