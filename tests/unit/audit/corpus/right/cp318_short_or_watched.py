"""Attempts that are short, or whose worker is heard of."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
async def crawl(url: str) -> str:
    activity.heartbeat()
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.get(url)).text


@activity.defn
async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.get(url)).text


@workflow.defn
class Crawl:
    @workflow.run
    async def run(self, url: str) -> str:
        await workflow.execute_activity(
            crawl,
            url,
            start_to_close_timeout=timedelta(hours=2),
            heartbeat_timeout=timedelta(minutes=2),
            retry_policy=TRIES,
        )
        return await workflow.execute_activity(
            fetch, url, start_to_close_timeout=timedelta(minutes=3), retry_policy=TRIES
        )
