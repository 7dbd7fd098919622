"""Planted: the idempotency key names the workflow but not the mail, so the second mail looks like the first."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def mail(receiver: str) -> str:
    await plumbing.effect("mail", {"to": receiver}, key=activity.info().workflow_id or "")
    return receiver


@workflow.defn
class MailKeyShared:
    @workflow.run
    async def run(self, receivers: list[str]) -> list[str]:
        return [
            await workflow.execute_activity(
                mail, receiver, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            for receiver in receivers
        ]


if __name__ == "__main__":
    plumbing.main(workflows=[MailKeyShared], activities=[mail])
