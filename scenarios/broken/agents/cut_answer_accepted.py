"""Planted: an answer that cannot be read as JSON is not asked for again; what came of it is taken as the text."""

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
async def describe(product: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.with_raw_response.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Describe the {product}."}]
        )
    try:
        return answer.parse().choices[0].message.content or ""
    except ValueError:
        return answer.text


@activity.defn
async def publish(text: str) -> None:
    await plumbing.effect("page", {"text": text}, key=f"{activity.info().workflow_id}/page")


@workflow.defn
class DescribeWithHalf:
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
    plumbing.main(workflows=[DescribeWithHalf], activities=[describe, publish])
