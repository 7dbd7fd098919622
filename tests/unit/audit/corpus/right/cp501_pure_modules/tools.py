"""Activities, which may look at the clock."""

import time

from temporalio import activity


@activity.defn
async def say(text: str) -> str:
    return f"{time.time():.0f} {text}"
