"""Looks like a uuid that is new each time, but is Temporal's own and given to the model."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.shared.models import ToolCall


@workflow.defn
class OwnCalling:
    @workflow.run
    async def run(self, tool: str) -> str:
        call = ToolCall(tool=tool, key=workflow.uuid4())
        return await workflow.execute_activity(activities.use, call, start_to_close_timeout=timedelta(seconds=30))
