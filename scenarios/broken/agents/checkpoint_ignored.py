"""Planted: beats carry how many pages are summed up, but no attempt ever reads what the one before it reached."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=5, non_retryable_error_types=["InvalidInputError"]
)


@activity.defn
async def sum_up_pages(pages: int) -> int:
    for page in range(pages):
        await plumbing.ask(f"Sum up page {page}.")
        activity.heartbeat(page + 1)
        await asyncio.sleep(2 if page == 0 else 0)
    return pages


@workflow.defn
class PagesCheckpointIgnored:
    @workflow.run
    async def run(self, pages: int) -> int:
        return await workflow.execute_activity(
            sum_up_pages,
            pages,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[PagesCheckpointIgnored], activities=[sum_up_pages])
