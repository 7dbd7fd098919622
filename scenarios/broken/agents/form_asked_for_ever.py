"""Planted: an answer that is no form is asked for again, and nothing bounds how often."""

from __future__ import annotations

import json
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(maximum_interval=timedelta(seconds=2), non_retryable_error_types=["InvalidInputError"])


@activity.defn
async def fill_form(wish: str) -> int:
    answer = json.loads(await plumbing.ask(f"Fill the form: {wish}"))
    return int(answer["days"])


@workflow.defn
class PlanUntilItFits:
    @workflow.run
    async def run(self, wish: str) -> str:
        days = await workflow.execute_activity(
            fill_form, wish, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return f"{days} days"


if __name__ == "__main__":
    plumbing.main(workflows=[PlanUntilItFits], activities=[fill_form])
