"""The same imports, passed through or needed for types only."""

from typing import TYPE_CHECKING

from temporalio import activity, workflow

from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@activity.defn
async def fetch(url: str) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.get(url)).status_code


def ask(client: "AsyncOpenAI") -> None:
    import requests

    requests.get("https://example.org", timeout=10)


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, url: str) -> None:
        await workflow.sleep(1)


def make(client) -> Worker:
    return Worker(client, task_queue="fetch", workflows=[Fetch], activities=[fetch])
