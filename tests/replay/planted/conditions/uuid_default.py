"""Planted: the default of a pydantic model, which is passed through, is a new uuid each time it is made."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.shared.models import ToolCall


@workflow.defn
class Calling:
    @workflow.run
    async def run(self, tool: str) -> str:
        call = ToolCall(tool=tool)  # planted
        return await workflow.execute_activity(  # decided
            activities.use, call, start_to_close_timeout=timedelta(seconds=30)
        )
