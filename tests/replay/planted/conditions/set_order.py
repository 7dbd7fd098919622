"""Planted: tools are used in the order of a set, which the hash seed of the process decides."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Toolbox:
    @workflow.run
    async def run(self, tools: list[str]) -> None:
        for tool in set(tools):  # planted
            await workflow.execute_activity(  # decided
                activities.use, tool, start_to_close_timeout=timedelta(seconds=30)
            )
