"""Answers of a model that are taken apart in the activity, or whose misfits are caught; and other texts."""

import json
from datetime import timedelta

from openai import AsyncOpenAI
from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

TRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


class Plan(BaseModel):
    steps: list[str]


@activity.defn
async def think(question: str) -> str:
    answer = await AsyncOpenAI(max_retries=0).responses.create(model="gpt-4o-mini", input=question)
    return Plan.model_validate_json(answer.output_text).model_dump_json()


@activity.defn
async def load(name: str) -> str:
    return json.dumps({"name": name})


@workflow.defn
class Planner:
    @workflow.run
    async def run(self, question: str) -> list[str]:
        answer = await workflow.execute_activity(
            think, question, start_to_close_timeout=timedelta(seconds=30), retry_policy=TRIES
        )
        try:
            plan = json.loads(answer)
        except ValueError as error:
            raise ApplicationError("not a plan", type="NotAPlan") from error
        settings = json.loads(
            await workflow.execute_activity(
                load, "x", start_to_close_timeout=timedelta(seconds=30), retry_policy=TRIES
            )
        )
        return [*plan["steps"], settings["name"]]
