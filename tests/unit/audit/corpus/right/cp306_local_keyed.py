"""The same effects with a key of the order."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

ONCE = RetryPolicy(maximum_attempts=1)


@activity.defn
async def pay(order: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://pay.example/charges", json={}, headers={"Idempotency-Key": order})


@activity.defn
async def ping(order: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://example.org/seen", json={"order": order})


@workflow.defn
class Shop:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_local_activity(
            pay, order, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
        )
        await workflow.execute_activity(
            ping, order, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
        )
