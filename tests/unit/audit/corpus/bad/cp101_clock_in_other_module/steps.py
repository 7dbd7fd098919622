"""Activities of the agent; they may look at the clock."""

import time

from temporalio import activity


@activity.defn
async def take_step(query: str) -> str:
    return f"{query} at {time.time()}"
