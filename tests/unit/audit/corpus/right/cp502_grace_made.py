"""A worker with time for its activities, made by a function that another one calls and runs."""

import asyncio
import signal
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import openai


@activity.defn
async def think(question: str) -> str:
    client = openai.AsyncOpenAI(max_retries=0, timeout=60)
    try:
        return (await client.responses.create(model="gpt-4o-mini", input=question)).output_text
    except openai.BadRequestError:
        return ""


@workflow.defn
class Thinker:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            think,
            question,
            start_to_close_timeout=timedelta(minutes=2),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )


def made(client: Client, grace: timedelta = timedelta(seconds=20)) -> Worker:
    return Worker(
        client,
        task_queue="thoughts",
        workflows=[Thinker],
        activities=[think],
        graceful_shutdown_timeout=grace,
    )


async def main() -> None:
    client = await Client.connect("localhost:7233")
    worker = made(client)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.create_task(worker.shutdown()))
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
