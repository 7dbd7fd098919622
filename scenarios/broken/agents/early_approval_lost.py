"""Planted: the approval is reset when the wait for it begins, so one that came earlier is lost."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def draft(title: str) -> str:
    return f"Draft of {title}"


@activity.defn
async def publish(text: str) -> str:
    await plumbing.effect("publish", {"text": text}, key=f"{activity.info().workflow_id}/publish")
    return text


@workflow.defn
class ApprovalReset:
    @workflow.run
    async def run(self, title: str) -> str:
        text = await workflow.execute_activity(
            draft, title, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        self._approved = False
        await workflow.wait_condition(lambda: self._approved)
        return await workflow.execute_activity(
            publish, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )

    @workflow.signal
    def approve(self) -> None:
        self._approved = True


if __name__ == "__main__":
    plumbing.main(workflows=[ApprovalReset], activities=[draft, publish])
