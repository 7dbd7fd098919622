"""Planted: what was mailed already is remembered in the worker process alone, and dies with it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)

_MAILED: set[str] = set()
"""The only guard against a second mail."""


@activity.defn
async def mail(receiver: str) -> str:
    if receiver not in _MAILED:
        await plumbing.effect("mail", {"to": receiver})
        _MAILED.add(receiver)
    return receiver


@workflow.defn
class MailRemembered:
    @workflow.run
    async def run(self, receiver: str) -> str:
        return await workflow.execute_activity(
            mail, receiver, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[MailRemembered], activities=[mail])
