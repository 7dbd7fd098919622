"""Right: a timer beats whatever the model does, but the client gives up a call that is not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=["BadRequestError"]
)
T = TypeVar("T")


async def beating(work: Awaitable[T]) -> T:
    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(1)

    beats = asyncio.create_task(beat())
    try:
        return await work
    finally:
        beats.cancel()


@activity.defn
async def ask_model(question: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=3) as client:
        answer = await beating(
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
        )
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@workflow.defn
class AskForSeconds:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model,
            question,
            start_to_close_timeout=timedelta(hours=24),
            heartbeat_timeout=timedelta(seconds=5),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskForSeconds], activities=[ask_model])
