"""A long sleep that only a local activity makes, which has no heartbeat timeout; the other one beats."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def wait() -> str:
    if activity.info().is_local:
        await asyncio.sleep(600)
    else:
        for _ in range(20):
            await asyncio.sleep(1)
            activity.heartbeat()
    return "waited"


@workflow.defn
class Waits:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            wait,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
