"""Planted: beats name the page being copied, but the next attempt goes on with the page after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def copy_pages(pages: int) -> int:
    beats = activity.info().heartbeat_details
    first = int(beats[0]) + 1 if beats else 0
    for page in range(first, pages):
        activity.heartbeat(page)
        await asyncio.sleep(2 if page == first else 0)
        await plumbing.effect("page", {"page": page}, key=f"{activity.info().workflow_id}/page-{page}")
    return pages


@workflow.defn
class PagesOffByOne:
    @workflow.run
    async def run(self, pages: int) -> int:
        return await workflow.execute_activity(
            copy_pages,
            pages,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[PagesOffByOne], activities=[copy_pages])
