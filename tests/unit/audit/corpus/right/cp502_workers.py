"""A worker that stops in order, and a program that is over when its workflow is."""

import asyncio
import signal
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}"


@workflow.defn
class GreetingWorkflow:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(
            greet, name, start_to_close_timeout=timedelta(minutes=5), retry_policy=RetryPolicy(maximum_attempts=3)
        )


async def work() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = Worker(
        await Client.connect("localhost:7233"),
        task_queue="greetings",
        workflows=[GreetingWorkflow],
        activities=[greet],
        graceful_shutdown_timeout=timedelta(minutes=1),
    )
    running = asyncio.create_task(worker.run())
    await stop.wait()
    await worker.shutdown()
    await running


async def try_out() -> None:
    client = await Client.connect("localhost:7233")
    async with Worker(client, task_queue="trial", workflows=[GreetingWorkflow], activities=[greet]):
        print(await client.execute_workflow(GreetingWorkflow.run, "Ada", id="trial", task_queue="trial"))


if __name__ == "__main__":
    asyncio.run(work() if sys.argv[1:] == ["work"] else try_out())
