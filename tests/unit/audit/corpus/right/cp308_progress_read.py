"""Beats whose details are read by the next attempt, and beats that tell nothing but that somebody is alive."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def index_pages(book: str, pages: int) -> int:
    first = begin_at()
    async with httpx.AsyncClient(timeout=10) as client:
        for page in range(first, pages):
            activity.heartbeat(page)
            await client.get(f"https://books.example/{book}/{page}")
    return pages


def begin_at() -> int:
    details = activity.info().heartbeat_details
    return int(details[0]) if details else 0


@activity.defn
async def wait_for_index(book: str) -> str:
    async with httpx.AsyncClient(timeout=5) as client:
        for _ in range(100):
            activity.heartbeat("waiting")
            state = (await client.get(f"https://books.example/{book}")).json()["state"]
            if state == "indexed":
                break
            await asyncio.sleep(10)
    return book


@workflow.defn
class IndexWorkflow:
    @workflow.run
    async def run(self, book: str, pages: int) -> str:
        await workflow.execute_activity(
            index_pages,
            args=[book, pages],
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
        return await workflow.execute_activity(
            wait_for_index,
            book,
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
