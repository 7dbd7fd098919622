"""Beats before a request that may take longer than the heartbeat timeout allows."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def fetch(urls: list[str]) -> int:
    total = 0
    async with httpx.AsyncClient(timeout=120) as client:
        for url in urls:
            activity.heartbeat()
            total += len((await client.get(url)).text)  # finding: CP309
    return total


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, urls: list[str]) -> int:
        return await workflow.execute_activity(
            fetch,
            urls,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
