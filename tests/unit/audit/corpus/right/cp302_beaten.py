"""Long loops with a sign of life: from a function below, from a task beside, and from a decorator."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3)
BEATS = timedelta(seconds=30)


def beating(work: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    @wraps(work)
    async def beaten(*args: Any) -> int:
        beats = asyncio.create_task(beat_for_ever())
        try:
            return await work(*args)
        finally:
            beats.cancel()

    return beaten


async def beat_for_ever() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(10)


@activity.defn
async def crawl(urls: list[str]) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            await client.get(url)
            tell(url)
    return len(urls)


def tell(url: str) -> None:
    activity.heartbeat(url)
    activity.logger.info("read %s", url)


@activity.defn
async def crawl_beside(urls: list[str]) -> int:
    beats = asyncio.create_task(beat_for_ever())
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            for url in urls:
                await client.get(url)
    finally:
        beats.cancel()
        try:
            await beats
        except asyncio.CancelledError:
            activity.logger.debug("no more beats")
    return len(urls)


@activity.defn
@beating
async def crawl_decorated(urls: list[str]) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            await client.get(url)
    return len(urls)


class Beats:
    """Beats for as long as it is open."""

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(beat_for_ever())

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()


@activity.defn
async def crawl_inside(urls: list[str]) -> int:
    async with Beats(), httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            await client.get(url)
    return len(urls)


@activity.defn
async def count_words(texts: list[str]) -> int:
    return sum(len(text.split()) for text in texts)


@workflow.defn
class CrawlWorkflow:
    @workflow.run
    async def run(self, urls: list[str]) -> int:
        total = 0
        for crawler in (crawl, crawl_beside, crawl_decorated):
            total += await workflow.execute_activity(
                crawler,
                urls,
                start_to_close_timeout=timedelta(hours=1),
                heartbeat_timeout=BEATS,
                retry_policy=RETRIES,
            )
        total += await workflow.execute_activity(
            crawl_inside,
            urls,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=BEATS,
            retry_policy=RETRIES,
        )
        return total + await workflow.execute_activity(
            count_words, urls, start_to_close_timeout=timedelta(hours=1), retry_policy=RETRIES
        )
