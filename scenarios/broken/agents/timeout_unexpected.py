"""Planted: the workflow reads of a failed step what only an error of its code has, and an attempt may time out as well.

Its model client gives up by itself after 5 s, so that no fault of one call ever shows it.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=2, non_retryable_error_types=["BadRequestError"]
)


@activity.defn
async def ask_model(question: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class AskAndSayWhyNot:
    @workflow.run
    async def run(self, question: str) -> str:
        try:
            return await workflow.execute_activity(
                ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        except ActivityError as error:
            refused = error.cause.non_retryable  # type: ignore[union-attr]  # planted: a TimeoutError has no such thing
            raise ApplicationError(question, type="Refused" if refused else "NoAnswer") from error


if __name__ == "__main__":
    plumbing.main(workflows=[AskAndSayWhyNot], activities=[ask_model])
