"""Right: the draft is remembered in the worker process, but only to save work; a new process makes it again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)

_DRAFTS: dict[str, str] = {}


@activity.defn
async def publish(title: str) -> str:
    text = _DRAFTS.setdefault(title, f"Draft of {title}")
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_id}/publish")
    return text


@workflow.defn
class DraftCached:
    @workflow.run
    async def run(self, title: str) -> str:
        return await workflow.execute_activity(
            publish, title, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[DraftCached], activities=[publish])
