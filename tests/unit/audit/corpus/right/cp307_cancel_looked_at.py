"""Activities that ask why they were cancelled before they end, or tell it as a failure."""

import asyncio

from temporalio import activity


@activity.defn
async def count(number: int) -> int:
    try:
        await asyncio.sleep(number)
    except asyncio.CancelledError:
        if activity.is_worker_shutdown():
            raise
        return 0
    return number


@activity.defn
async def watch(number: int) -> int:
    task = asyncio.create_task(asyncio.sleep(number))
    try:
        await task
    except asyncio.CancelledError as error:
        raise RuntimeError("stopped") from error
    return number
