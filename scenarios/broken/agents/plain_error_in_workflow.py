"""Planted: the workflow turns a failed step into a plain ValueError, which fails its workflow task and not itself."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)


@activity.defn
async def ask_model(question: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class AskAndHang:
    @workflow.run
    async def run(self, question: str) -> str:
        try:
            return await workflow.execute_activity(
                ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        except ActivityError as error:
            raise ValueError(f"no answer to {question!r}") from error


if __name__ == "__main__":
    plumbing.main(workflows=[AskAndHang], activities=[ask_model])
