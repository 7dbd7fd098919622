"""Loops without a condition that return, break, fail or continue as new."""

import itertools
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> list[str]:
    while True:
        if feed:
            return [feed]


@workflow.defn
class Watcher:
    @workflow.run
    async def run(self, feed: str) -> list[str]:
        while True:
            found = await self._poll(feed)
            if found:
                break
        while True:
            if await self._poll(feed):
                return found
            await workflow.sleep(timedelta(minutes=5))
            self._go_on(feed)

    async def _poll(self, feed: str) -> list[str]:
        return await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(minutes=1))

    def _go_on(self, feed: str) -> None:
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(feed)


@workflow.defn
class Desk:
    @workflow.run
    async def run(self, feed: str) -> None:
        for _ in itertools.count():
            if workflow.info().get_current_history_length() > 10_000:
                workflow.continue_as_new(feed)
            await workflow.sleep(timedelta(minutes=5))
