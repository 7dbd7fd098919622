"""Planted: the heartbeat timeout (1 s) is shorter than the gap between two beats while the archive is cold (4 s)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=4), backoff_coefficient=1.0, maximum_attempts=5)

_WARM: set[str] = set()
"""What this process has fetched from the archive already: a cache, no more."""


@activity.defn
async def read_archive(document: str) -> str:
    activity.heartbeat(0)
    if document not in _WARM:
        await asyncio.sleep(4)
        _WARM.add(document)
    activity.heartbeat(1)
    await plumbing.effect("copy", {"document": document}, key=f"{activity.info().workflow_id}/{document}")
    return document


@workflow.defn
class ArchiveSlowBeats:
    @workflow.run
    async def run(self, document: str) -> str:
        return await workflow.execute_activity(
            read_archive,
            document,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ArchiveSlowBeats], activities=[read_archive])
