"""Beats from beside a request that may hang for ever: the server hears that all is well, until start-to-close."""

import asyncio
from datetime import timedelta

import httpx
import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


async def beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(5)


@activity.defn
async def fetch(url: str) -> str:
    beats = asyncio.create_task(beat())
    try:
        async with httpx.AsyncClient(timeout=None) as client:  # finding: CP319
            return (await client.get(url)).text
    finally:
        beats.cancel()


@activity.defn
async def think(question: str) -> str:
    beats = asyncio.create_task(beat())
    try:
        client = openai.AsyncOpenAI(max_retries=0, timeout=None)  # finding: CP319
        return (await client.responses.create(model="gpt-4o-mini", input=question)).output_text
    finally:
        beats.cancel()


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, url: str) -> str:
        for each in (fetch, think):
            await workflow.execute_activity(
                each,
                url,
                start_to_close_timeout=timedelta(hours=1),
                heartbeat_timeout=timedelta(seconds=30),
                retry_policy=TRIES,
            )
        return url
