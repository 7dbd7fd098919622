"""An activity that waits a minute between two beats, with a heartbeat timeout of twenty seconds."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

PAUSE_S = 60.0


@activity.defn
async def watch_price(article: str) -> float:
    async with httpx.AsyncClient(timeout=10) as client:
        for _ in range(30):
            activity.heartbeat()
            price = float((await client.get(f"https://shop.example/{article}")).json()["price"])
            if price < 100:
                return price
            await asyncio.sleep(PAUSE_S)  # finding: CP309
    return -1.0


@workflow.defn
class WatchWorkflow:
    @workflow.run
    async def run(self, article: str) -> float:
        return await workflow.execute_activity(
            watch_price,
            article,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
