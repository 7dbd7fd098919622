"""Waits whose condition is the clock: time alone wakes no workflow."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Deadline:
    def __init__(self) -> None:
        self._done = False

    @workflow.run
    async def run(self) -> str:
        end = workflow.now() + timedelta(hours=1)
        await workflow.wait_condition(lambda: self._done or workflow.now() > end)  # finding: CP210
        began = workflow.time()

        def over() -> bool:
            return workflow.time() - began > 60

        await workflow.wait_condition(over)  # finding: CP210
        return "done" if self._done else "late"

    @workflow.signal
    def finish(self) -> None:
        self._done = True
