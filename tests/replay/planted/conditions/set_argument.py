"""Planted: an activity gets a set as argument, which becomes a list in the order that the hash seed decides."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Delegation:
    @workflow.run
    async def run(self, tools: list[str]) -> str:
        allowed = {tool for tool in tools if tool != "mail"}  # planted
        return await workflow.execute_activity(  # decided
            activities.use, allowed, start_to_close_timeout=timedelta(seconds=30)
        )
