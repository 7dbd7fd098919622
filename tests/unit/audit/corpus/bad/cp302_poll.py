"""An activity that polls a batch job until it is done and never beats."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

ONE_DAY = timedelta(days=1)


@activity.defn
async def wait_for_batch(batch: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        while True:  # finding: CP302
            state = (await client.get(f"https://models.example/batches/{batch}")).json()["state"]
            if state in ("done", "failed"):
                return str(state)
            await asyncio.sleep(30)


@workflow.defn
class BatchWorkflow:
    @workflow.run
    async def run(self, batch: str) -> str:
        return await workflow.execute_activity(
            wait_for_batch,
            batch,
            start_to_close_timeout=ONE_DAY,
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
