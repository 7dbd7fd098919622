"""Planted: Temporal's own time is told in the time zone of the machine."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Agenda:
    @workflow.run
    async def run(self, name: str) -> str:
        prompt = f"It is {workflow.now().astimezone():%A %H:%M}. Greet {name}."  # planted
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
