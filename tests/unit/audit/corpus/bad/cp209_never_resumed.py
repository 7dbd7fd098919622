"""Workflows that wait for what no signal brings."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def step(query: str) -> str:
    return query


@workflow.defn
class Paused:
    def __init__(self) -> None:
        self._paused = False
        self._approved = False

    @workflow.run
    async def run(self, query: str) -> str:
        await workflow.wait_condition(lambda: not self._paused)  # finding: CP209
        text = await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))
        await workflow.wait_condition(lambda: self._approved)  # finding: CP209
        return text

    @workflow.signal
    def pause(self) -> None:
        self._paused = True
