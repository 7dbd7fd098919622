"""Planted: a prompt tells whether the workflow is replayed, and so is never asked again as it was recorded."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Resumed:
    @workflow.run
    async def run(self, topic: str) -> str:
        how = "Go on" if workflow.unsafe.is_replaying() else "Begin"  # planted
        return await workflow.execute_activity(  # decided
            activities.reply, f"{how} with {topic}", start_to_close_timeout=timedelta(seconds=30)
        )
