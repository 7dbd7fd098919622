"""Planted: the draft goes from one activity to the next through a variable of the worker process."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)

_DRAFTS: dict[str, str] = {}


@activity.defn
async def draft(title: str) -> str:
    _DRAFTS[title] = f"Draft of {title}"
    return title


@activity.defn
async def publish(title: str) -> str:
    text = _DRAFTS[title]
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_id}/publish")
    return text


@workflow.defn
class DraftInMemory:
    @workflow.run
    async def run(self, title: str) -> str:
        await workflow.execute_activity(draft, title, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES)
        return await workflow.execute_activity(
            publish, title, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[DraftInMemory], activities=[draft, publish])
