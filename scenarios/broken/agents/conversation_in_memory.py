"""Planted: the conversation with the model lives in the worker process, and the next step goes on from there."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai
    from openai.types.chat import ChatCompletionMessageParam

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)

_SAID: dict[str, list[ChatCompletionMessageParam]] = {}
"""What was said so far, by workflow id."""


@activity.defn
async def take_step(query: str) -> str:
    conversation = activity.info().workflow_id or ""
    said = _SAID.get(conversation, [])
    asked: list[ChatCompletionMessageParam] = [*said, {"role": "user", "content": query}]
    async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=asked)
    note = answer.choices[0].message.content or ""
    _SAID[conversation] = [*asked, {"role": "assistant", "content": note}]
    return note


@workflow.defn
class ResearchInMemory:
    @workflow.run
    async def run(self, query: str) -> list[str]:
        return [
            await workflow.execute_activity(
                take_step, query, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
            for _ in range(2)
        ]


if __name__ == "__main__":
    plumbing.main(workflows=[ResearchInMemory], activities=[take_step])
