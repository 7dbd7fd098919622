"""Coroutines that nobody awaits: what they would do is never done."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def note(text: str) -> None: ...


@workflow.defn
class Notes:
    @workflow.run
    async def run(self, text: str) -> None:
        workflow.execute_activity(note, text, start_to_close_timeout=timedelta(seconds=10))  # finding: CP212
        workflow.sleep(5)  # finding: CP212
        asyncio.sleep(5)  # finding: CP212
        workflow.wait_condition(lambda: True)  # finding: CP212
        self._rest()  # finding: CP212

    async def _rest(self) -> None:
        await workflow.sleep(1)
