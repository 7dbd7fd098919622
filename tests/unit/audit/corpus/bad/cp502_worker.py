"""A worker program that stops dead when it is told to stop."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import openai

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


@activity.defn
async def think(question: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=120) as client:
        answer = await client.chat.completions.create(model="o3", messages=[{"role": "user", "content": question}])
    return answer.choices[0].message.content or ""


@workflow.defn
class ThinkWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            think, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


async def main() -> None:
    client = await Client.connect("localhost:7233")
    worker = Worker(client, task_queue="think", workflows=[ThinkWorkflow], activities=[think])  # finding: CP502
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
