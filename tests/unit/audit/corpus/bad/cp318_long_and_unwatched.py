"""A long attempt without a heartbeat timeout: that its worker died is noticed when the attempt's time is over."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def crawl(url: str) -> str:
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.get(url)).text


@workflow.defn
class Crawl:
    @workflow.run
    async def run(self, url: str) -> str:
        return await workflow.execute_activity(  # finding: CP318
            crawl, url, start_to_close_timeout=timedelta(hours=2), retry_policy=RetryPolicy(maximum_attempts=3)
        )
