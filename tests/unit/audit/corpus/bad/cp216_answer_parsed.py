"""Answers of a model that workflow code takes apart: one that does not fit fails the workflow task for ever."""

import json
from datetime import timedelta

from openai import AsyncOpenAI
from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

TRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


class Plan(BaseModel):
    steps: list[str]


@activity.defn
async def think(question: str) -> str:
    answer = await AsyncOpenAI(max_retries=0).responses.create(model="gpt-4o-mini", input=question)
    return answer.output_text


@workflow.defn
class Planner:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        answer = await workflow.execute_activity(
            think, question, start_to_close_timeout=timedelta(seconds=30), retry_policy=TRIES
        )
        plan = Plan.model_validate_json(answer)  # finding: CP216
        return plan.steps + json.loads(answer)["more"]  # finding: CP216
