"""Right: a stream is an answer only if it says that it is over and why; else it is asked for again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

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
    async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Describe the {product}."}], stream=True
        )
        choices = [chunk.choices[0] async for chunk in stream if chunk.choices]
    if not choices or choices[-1].finish_reason != "stop":
        raise ApplicationError("the stream ended before its end", type="IncompleteAnswer")
    return "".join(choice.delta.content or "" for choice in choices)


@activity.defn
async def publish(text: str) -> None:
    await plumbing.effect("page", {"text": text}, key=f"{activity.info().workflow_id}/page")


@workflow.defn
class DescribeToTheEnd:
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
    plumbing.main(workflows=[DescribeToTheEnd], activities=[describe, publish])
