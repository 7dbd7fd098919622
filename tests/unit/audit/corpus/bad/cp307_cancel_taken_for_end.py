"""An activity that takes its cancellation for the end of its work, and reports a success."""

import asyncio

from temporalio import activity


@activity.defn
async def count(number: int) -> list[int]:
    done: list[int] = []
    try:
        for each in range(number):
            activity.heartbeat()
            await asyncio.sleep(1)
            done.append(each)
    except asyncio.CancelledError:  # finding: CP307
        return done
    return done


@activity.defn
async def collect(number: int) -> list[int]:
    done: list[int] = []
    try:
        for each in range(number):
            await asyncio.sleep(1)
            done.append(each)
    except asyncio.CancelledError:  # finding: CP307
        activity.logger.info("stopped")
    return done
