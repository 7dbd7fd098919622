"""Coroutines that are awaited, gathered, returned or made into tasks, and activities that are started."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def note(text: str) -> None: ...


@workflow.defn
class Notes:
    @workflow.run
    async def run(self, text: str) -> None:
        workflow.start_activity(note, text, start_to_close_timeout=timedelta(seconds=10))
        one = workflow.execute_activity(note, text, start_to_close_timeout=timedelta(seconds=10))
        two = asyncio.create_task(self._rest())
        await asyncio.gather(one, two, self._rest())
        return await self._later()

    def _later(self):
        return self._rest()

    async def _rest(self) -> None:
        await workflow.sleep(1)
