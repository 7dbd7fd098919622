"""The model's client as it comes, made once for the process: three requests for each attempt."""

from datetime import timedelta

from openai import AsyncOpenAI
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

model = AsyncOpenAI()  # finding: CP305


@activity.defn
async def answer(question: str) -> str:
    completion = await model.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
    )
    return completion.choices[0].message.content or ""


@workflow.defn
class AnswerWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            answer,
            question,
            start_to_close_timeout=timedelta(minutes=2),
            retry_policy=RetryPolicy(maximum_attempts=5, non_retryable_error_types=["BadRequestError"]),
        )
