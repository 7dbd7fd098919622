"""Planted: a time stamp is told in the time zone of the machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Reminder:
    @workflow.run
    async def run(self, due: float) -> str:
        prompt = f"Remind at {datetime.fromtimestamp(due):%H:%M}"  # planted
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
