"""Planted: its lines carry no id, each replay writes them again, and one of them holds a key."""

from __future__ import annotations

import logging
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
lines = logging.getLogger("mail")


@activity.defn
async def mail(person: str) -> str:
    lines.warning("mailing with key %s", os.environ["OPENAI_API_KEY"])
    await plumbing.effect("mail", {"to": person}, key=f"{activity.info().workflow_id}/mail")
    return f"mailed {person}"


@workflow.defn
class MailUnseen:
    @workflow.run
    async def run(self, person: str) -> str:
        lines.warning("somebody is about to be mailed")
        return await workflow.execute_activity(
            mail, person, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[MailUnseen], activities=[mail], logged=False)
