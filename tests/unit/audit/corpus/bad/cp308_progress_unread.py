"""An activity that tells at each page how far it is, and begins again at the first page after a crash."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def index_pages(book: str, pages: int) -> int:
    words = 0
    async with httpx.AsyncClient(timeout=10) as client:
        for page in range(pages):
            activity.heartbeat(page)  # finding: CP308
            words += len((await client.get(f"https://books.example/{book}/{page}")).text.split())
    return words


@workflow.defn
class IndexWorkflow:
    @workflow.run
    async def run(self, book: str, pages: int) -> int:
        return await workflow.execute_activity(
            index_pages,
            args=[book, pages],
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=4),
        )
