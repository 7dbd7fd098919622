"""Activities that clean up when they are cancelled, and are cancelled all the same."""

import asyncio
import contextlib

import httpx
from temporalio import activity
from temporalio.exceptions import CancelledError


@activity.defn
async def crawl(urls: list[str]) -> int:
    pages = 0
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            for url in urls:
                activity.heartbeat(pages)
                try:
                    await client.get(url)
                    pages += 1
                except Exception:
                    activity.logger.warning("skipped %s", url)
    except asyncio.CancelledError:
        activity.logger.info("cancelled after %s pages", pages)
        raise
    return pages


@activity.defn
async def read_with_beats(url: str) -> int:
    beats = asyncio.create_task(beat())
    try:
        async with httpx.AsyncClient(timeout=300) as client:
            return len((await client.get(url)).content)
    finally:
        beats.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beats


async def beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(5)


@activity.defn
def render(frames: int) -> int:
    for frame in range(frames):
        try:
            activity.heartbeat(frame)
        except CancelledError:
            return frame
        try:
            draw(frame)
        except Exception:
            activity.logger.exception("frame %s failed", frame)
    return frames


def draw(frame: int) -> None:
    if frame % 100 == 99:
        raise ValueError(frame)
