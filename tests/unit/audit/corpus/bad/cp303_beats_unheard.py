"""An agent whose activity beats, but the workflow declares no heartbeat timeout: nobody listens."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def crawl(urls: list[str]) -> int:
    done = activity.info().heartbeat_details
    first = int(done[0]) if done else 0
    async with httpx.AsyncClient(timeout=10) as client:
        for number in range(first, len(urls)):
            activity.heartbeat(number)
            await client.get(urls[number])
    return len(urls)


@workflow.defn
class CrawlWorkflow:
    @workflow.run
    async def run(self, urls: list[str]) -> int:
        return await workflow.execute_activity(  # finding: CP303
            crawl,
            urls,
            start_to_close_timeout=timedelta(minutes=30),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
