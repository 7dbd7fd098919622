"""One of two programs beside each other that use the same names."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def write(topic: str) -> str:
    activity.heartbeat()
    return topic


@workflow.defn
class Writer:
    @workflow.run
    async def run(self, topic: str) -> str:
        return await workflow.execute_activity(
            "write",
            topic,
            start_to_close_timeout=timedelta(seconds=60),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
