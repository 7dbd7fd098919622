"""An effect in a local activity with one attempt: it is done again with the workflow task."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

ONCE = RetryPolicy(maximum_attempts=1)


@activity.defn
async def pay(order: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://pay.example/charges", json={"order": order})  # finding: CP306


@activity.defn
async def refund(order: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://pay.example/refunds", json={"order": order})  # finding: CP306


@workflow.defn
class Shop:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_local_activity(
            pay, order, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
        )
        await workflow.execute_activity(
            refund, order, start_to_close_timeout=timedelta(seconds=10), retry_policy=ONCE
        )
