"""Looks like a set in its order, but is sorted."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class SortedToolbox:
    @workflow.run
    async def run(self, tools: list[str]) -> None:
        for tool in sorted(set(tools)):
            if tool in frozenset(tools):
                await workflow.execute_activity(activities.use, tool, start_to_close_timeout=timedelta(seconds=30))
