"""Right: beats are rare (2 s apart), but well within the heartbeat timeout (6 s)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def read_archive(document: str) -> str:
    activity.heartbeat(0)
    await asyncio.sleep(2)
    activity.heartbeat(1)
    await plumbing.effect("copy", {"document": document}, key=f"{activity.info().workflow_id}/{document}")
    return document


@workflow.defn
class ArchiveRareBeats:
    @workflow.run
    async def run(self, document: str) -> str:
        return await workflow.execute_activity(
            read_archive,
            document,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=6),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ArchiveRareBeats], activities=[read_archive])
