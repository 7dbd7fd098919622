"""Beats from beside a request that has a limit of its own, or in turn with what is done."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3)


async def beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(5)


@activity.defn
async def fetch(url: str) -> str:
    beats = asyncio.create_task(beat())
    try:
        async with httpx.AsyncClient(timeout=20) as client:
            return (await client.get(url)).text
    finally:
        beats.cancel()


@activity.defn
async def fetch_limited(url: str) -> str:
    beats = asyncio.create_task(beat())
    try:
        async with httpx.AsyncClient(timeout=None) as client:
            return (await asyncio.wait_for(client.get(url), 20)).text
    finally:
        beats.cancel()


@workflow.defn
class Fetch:
    @workflow.run
    async def run(self, url: str) -> str:
        await workflow.execute_activity(
            fetch_limited,
            url,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=TRIES,
        )
        return await workflow.execute_activity(
            fetch,
            url,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=TRIES,
        )
