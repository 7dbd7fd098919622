"""Worker and starter in one program with a fixed workflow id, as many samples are written."""

from __future__ import annotations

import asyncio

from temporalio.worker import Worker

from scenarios import plumbing
from scenarios.shapes.greeting import GreetingWorkflow, greet

TASK_QUEUE = "one-program"


async def main() -> None:
    """Run a worker, start the greeting, wait for it and leave."""
    client = await plumbing.connect()
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[GreetingWorkflow], activities=[greet]):
        print(
            await client.execute_workflow(GreetingWorkflow.run, "Ada", id="one-program-greeting", task_queue=TASK_QUEUE)
        )


if __name__ == "__main__":
    asyncio.run(main())
