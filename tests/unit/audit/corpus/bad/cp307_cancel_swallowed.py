"""A long crawl that takes its own cancellation for one more failed page and goes on."""

import asyncio

import httpx
from temporalio import activity


@activity.defn
async def crawl(urls: list[str]) -> int:
    pages = 0
    async with httpx.AsyncClient(timeout=10) as client:
        for url in urls:
            activity.heartbeat(url)
            try:
                await client.get(url)
                pages += 1
            except (httpx.HTTPError, asyncio.CancelledError):  # finding: CP307
                activity.logger.warning("skipped %s", url)
    return pages
