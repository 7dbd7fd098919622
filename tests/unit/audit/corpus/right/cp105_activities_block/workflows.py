"""Waiting as Temporal does it; the blocking calls are those of sync activities that run in threads."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from downloads import download, unpack


@workflow.defn
class Downloader:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    @workflow.run
    async def run(self, urls: list[str]) -> list[str]:
        await asyncio.sleep(1)
        tasks = [asyncio.create_task(self._download(url)) for url in urls]
        async with asyncio.timeout(60):
            return await asyncio.gather(*tasks)

    async def _download(self, url: str) -> str:
        async with self._lock:
            file = await workflow.execute_activity(
                download, url, start_to_close_timeout=timedelta(minutes=1), schedule_to_close_timeout=timedelta(hours=1)
            )
        return await workflow.execute_local_activity(unpack, file, start_to_close_timeout=timedelta(seconds=5))
