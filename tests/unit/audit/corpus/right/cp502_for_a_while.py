"""A program that runs a worker for as long as it needs it."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx


@activity.defn
async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.get(url)).text


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, url: str) -> str:
        return await workflow.execute_activity(
            fetch, url, start_to_close_timeout=timedelta(minutes=5), retry_policy=RetryPolicy(maximum_attempts=3)
        )


async def main() -> None:
    client = await Client.connect("localhost:7233")
    async with Worker(client, task_queue="fetch", workflows=[Fetch], activities=[fetch]):
        handle = await client.start_workflow(Fetch.run, "https://example.org", id="fetch", task_queue="fetch")
        await asyncio.sleep(2)
        await handle.cancel()


if __name__ == "__main__":
    asyncio.run(main())
