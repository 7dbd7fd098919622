"""A worker that is told to give its activities no time at all, by way of a function that serves."""

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


async def serve(grace: timedelta = timedelta(0), **options) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect("localhost:7233")
    async with Worker(client, task_queue="thoughts", graceful_shutdown_timeout=grace, **options):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(workflows=[Thinker], activities=[think]))  # finding: CP502
