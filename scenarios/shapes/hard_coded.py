"""A worker with everything hard-coded: address, namespace and task queue."""

from __future__ import annotations

import asyncio

from temporalio.client import Client

from scenarios import plumbing
from scenarios.shapes.greeting import GreetingWorkflow, greet


async def main() -> None:
    """Work until told to stop, on this machine's server alone."""
    client = await Client.connect("localhost:7233", namespace="default")
    await plumbing.work(client, workflows=[GreetingWorkflow], activities=[greet], task_queue="greetings")


if __name__ == "__main__":
    asyncio.run(main())
