"""The same deadlines, with a timer that wakes the workflow."""

import asyncio
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Deadline:
    def __init__(self) -> None:
        self._done = False
        self._at = 0.0

    @workflow.run
    async def run(self) -> str:
        end = workflow.now() + timedelta(hours=1)
        try:
            await workflow.wait_condition(lambda: self._done, timeout=end - workflow.now())
        except asyncio.TimeoutError:
            return "late"
        await workflow.wait_condition(lambda: self._done or workflow.now() > end, timeout=timedelta(hours=1))
        return "done"

    @workflow.signal
    def finish(self) -> None:
        self._done = True
        self._at = workflow.time()
