"""Planted: the key of the effect is made of the run, so the same work started again is done again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def publish_by_run(text: str) -> str:
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_run_id}/publish")
    return text


@workflow.defn
class StartedTwicePaysTwice:
    @workflow.run
    async def run(self, title: str) -> str:
        return await workflow.execute_activity(
            publish_by_run, title, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[StartedTwicePaysTwice], activities=[publish_by_run])
