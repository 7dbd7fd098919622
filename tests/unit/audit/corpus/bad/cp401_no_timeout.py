"""A workflow that starts its activity without any timeout; the SDK refuses that while the workflow runs."""

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}"


@workflow.defn
class GreetingWorkflow:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(  # finding: CP401
            greet, name, retry_policy=RetryPolicy(maximum_attempts=3)
        )
