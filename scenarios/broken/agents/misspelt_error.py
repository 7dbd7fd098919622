"""Planted: the error that must not be retried is misspelt in the retry policy, so it is retried."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing
RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["InvaildInputError"])


@activity.defn
async def ask_model(question: str) -> str:
    return await plumbing.ask(question)


@workflow.defn
class AskMisspelt:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskMisspelt], activities=[ask_model])
