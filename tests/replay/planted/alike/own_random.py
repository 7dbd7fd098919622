"""Looks like random pauses and choices, but the numbers are Temporal's own."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class OwnPolling:
    @workflow.run
    async def run(self, tools: list[str]) -> None:
        numbers = workflow.random()
        await workflow.sleep(timedelta(milliseconds=numbers.randint(1, 100)))
        numbers.shuffle(tools)
        await workflow.execute_activity(activities.use, tools, start_to_close_timeout=timedelta(seconds=30))
