"""A workflow module that imports what the sandbox does not let in: the worker does not start."""

import httpx  # finding: CP506
from openai import AsyncOpenAI  # finding: CP506
from temporalio import activity, workflow
from temporalio.worker import Worker


@activity.defn
async def fetch(url: str) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.get(url)).status_code


def client() -> AsyncOpenAI:
    return AsyncOpenAI(max_retries=0)


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, url: str) -> None:
        await workflow.sleep(1)


def make(client) -> Worker:
    return Worker(client, task_queue="fetch", workflows=[Fetch], activities=[fetch])
