"""Errors that must not be retried, named so that Temporal never knows them again."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError


class BudgetError(Exception):
    """The agent has no money left."""


@activity.defn
async def ask(question: str, cents: int) -> str:
    if cents <= 0:
        raise BudgetError(question)
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
    if not answer.choices:
        raise ApplicationError("no choice", type="IncompleteAnswer")
    return answer.choices[0].message.content or ""


@workflow.defn
class AskWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask,
            args=[question, 40],
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(
                maximum_attempts=4,
                non_retryable_error_types=[
                    "BugdetError",  # finding: CP404
                    "openai.BadRequestError",  # finding: CP404
                    "IncompletAnswer",  # finding: CP404
                    "APIStatusError",  # finding: CP404
                    "AuthenticationError",
                ],
            ),
        )
