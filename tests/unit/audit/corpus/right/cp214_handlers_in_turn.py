"""The same handlers: under a lock, or reading only after they have waited."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def price(item: str) -> int:
    return 1


@workflow.defn
class Cart:
    def __init__(self) -> None:
        self._total = 0
        self._last = 0
        self._closed = False
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self._closed and workflow.all_handlers_finished())
        return self._total

    @workflow.update
    async def add(self, item: str) -> int:
        async with self._lock:
            total = self._total
            cost = await self._price(item)
            self._total = total + cost
        return self._total

    @workflow.update
    async def charge(self, item: str) -> int:
        before = self._total
        cost = await self._price(item)
        self._total += cost
        self._last = cost
        return self._total - before

    async def _price(self, item: str) -> int:
        return await workflow.execute_activity(
            price, item, start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=3)
        )

    @workflow.signal
    def close(self) -> None:
        self._closed = True
