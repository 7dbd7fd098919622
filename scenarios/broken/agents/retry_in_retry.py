"""Planted: the activity repeats the model call by itself, inside the attempts that Temporal repeats already."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(maximum_attempts=2, non_retryable_error_types=["InvalidInputError"])


@activity.defn
async def ask_model(question: str) -> str:
    for wait in (0.1, 0.2):
        try:
            return await plumbing.ask(question)
        except plumbing.ModelUnavailable:
            await asyncio.sleep(wait)
    return await plumbing.ask(question)


@workflow.defn
class AskTwiceOver:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskTwiceOver], activities=[ask_model])
