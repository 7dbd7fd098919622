"""Right: the activity looks at the model's answer, asks again where it is no form, and gives up in time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["InvalidInputError"])


@dataclass(frozen=True)
class Form:
    city: str
    days: int


@activity.defn
async def fill_form(wish: str) -> Form:
    answer = await plumbing.ask(f"Fill the form: {wish}")
    try:
        return Form(**json.loads(answer))
    except (TypeError, ValueError) as error:
        raise ApplicationError("the model's answer is no form", type="NoForm") from error


@workflow.defn
class PlanFromForm:
    @workflow.run
    async def run(self, wish: str) -> str:
        form = await workflow.execute_activity(
            fill_form, wish, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return f"{form.days} days in {form.city}"


if __name__ == "__main__":
    plumbing.main(workflows=[PlanFromForm], activities=[fill_form])
