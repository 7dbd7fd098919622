"""Planted: the model's answer is parsed in the workflow: one that is no JSON fails its task again and again."""

from __future__ import annotations

import json
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["InvalidInputError"])


@activity.defn
async def ask_model(question: str) -> str:
    return await plumbing.ask(question)


@workflow.defn
class PlanFromText:
    @workflow.run
    async def run(self, wish: str) -> str:
        text = await workflow.execute_activity(
            ask_model, f"Fill the form: {wish}", start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        form = json.loads(text)
        return f"{form['days']} days in {form['city']}"


if __name__ == "__main__":
    plumbing.main(workflows=[PlanFromText], activities=[ask_model])
