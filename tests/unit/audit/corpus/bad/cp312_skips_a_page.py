"""An activity that beats before it copies a page, and after a crash begins with the page after that."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def copy_book(book: str, pages: int) -> int:
    told = activity.info().heartbeat_details
    first = told[0] + 1 if told else 0  # finding: CP312
    async with httpx.AsyncClient(timeout=10) as client:
        for page in range(first, pages):
            activity.heartbeat(page)
            await client.put(f"https://copies.example/{book}/{page}")
    return pages


@workflow.defn
class CopyWorkflow:
    @workflow.run
    async def run(self, book: str, pages: int) -> int:
        return await workflow.execute_activity(
            copy_book,
            args=[book, pages],
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
