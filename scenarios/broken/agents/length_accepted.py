"""Planted: nobody looks why the model stopped, so a text that was cut off for length is published."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=4),
    backoff_coefficient=1,
    maximum_attempts=3,
    non_retryable_error_types=["BadRequestError"],
)


@activity.defn
async def describe(product: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Describe the {product}."}], max_tokens=40
        )
    return answer.choices[0].message.content or ""


@activity.defn
async def publish(text: str) -> None:
    await plumbing.effect("page", {"text": text}, key=f"{activity.info().workflow_id}/page")


@workflow.defn
class DescribeInShort:
    @workflow.run
    async def run(self, product: str) -> str:
        text = await workflow.execute_activity(
            describe, product, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        await workflow.execute_activity(
            publish, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return text


if __name__ == "__main__":
    plumbing.main(workflows=[DescribeInShort], activities=[describe, publish])
