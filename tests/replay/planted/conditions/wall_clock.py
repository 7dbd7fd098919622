"""Planted: a prompt names the year, by the clock of the machine, through a module that is passed through."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    import tests.replay.planted.shared.year as year


@workflow.defn
class Briefing:
    @workflow.run
    async def run(self, name: str) -> str:
        prompt = f"It is {year.this_year()}. Brief {name}."
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
