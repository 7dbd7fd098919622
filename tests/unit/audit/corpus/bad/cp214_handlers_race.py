"""Handlers that read shared state, wait, and write what they made of the old value."""

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
        self._items: list[str] = []
        self._closed = False

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self._closed and workflow.all_handlers_finished())
        return self._total

    @workflow.update
    async def add(self, item: str) -> int:
        total = self._total
        cost = await self._price(item)
        self._total = total + cost  # finding: CP214
        return self._total

    @workflow.signal
    async def put(self, item: str) -> None:
        items = [*self._items, item]
        await self._price(item)
        self._items = items  # finding: CP214

    @workflow.update
    async def charge(self, item: str) -> int:
        self._total = self._total + await self._price(item)  # finding: CP214
        return self._total

    async def _price(self, item: str) -> int:
        return await workflow.execute_activity(
            price, item, start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=3)
        )

    @workflow.signal
    def close(self) -> None:
        self._closed = True
