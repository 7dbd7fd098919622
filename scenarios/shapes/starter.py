"""A starter of the user's own: starts the greeting and waits for it, then prints it."""

from __future__ import annotations

import asyncio
import os

from scenarios import plumbing
from scenarios.shapes.greeting import GreetingWorkflow


async def main() -> None:
    """Start the greeting and wait."""
    client = await plumbing.connect()
    print(
        await client.execute_workflow(
            GreetingWorkflow.run, "Ada", id="greeting-ada", task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "agents")
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
