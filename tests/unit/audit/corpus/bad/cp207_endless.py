"""Loops that never end and never continue as new."""

import itertools
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> list[str]:
    return [feed]


@workflow.defn
class FeedWatcher:
    @workflow.run
    async def run(self, feed: str) -> None:
        while True:  # finding: CP207
            for item in await self._poll(feed):
                if not item:
                    break
                workflow.logger.info(item)
            await workflow.sleep(timedelta(minutes=5))

    async def _poll(self, feed: str) -> list[str]:
        return await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn
class Heart:
    @workflow.run
    async def run(self) -> None:
        await self._beat()

    async def _beat(self) -> None:
        for number in itertools.count():  # finding: CP207
            try:
                await workflow.execute_activity(poll, str(number), start_to_close_timeout=timedelta(minutes=1))
            except ValueError:
                continue
