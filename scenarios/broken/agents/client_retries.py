"""Planted: the model's client is left as it comes, and retries twice inside every attempt that Temporal makes."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)


@activity.defn
async def translate(text: str) -> str:
    async with openai.AsyncOpenAI(timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Translate into French: {text}"}]
        )
    return answer.choices[0].message.content or ""


@workflow.defn
class TranslateTwiceOver:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(
            translate, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[TranslateTwiceOver], activities=[translate])
