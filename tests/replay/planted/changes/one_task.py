"""Planted: another result, in a history of one task that cannot be asked alone, as a local activity is in it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Triage:
    @workflow.run
    async def run(self, ticket: str) -> str:
        severity = await workflow.execute_local_activity(
            activities.assess, ticket, start_to_close_timeout=timedelta(seconds=30)
        )
        return f"{ticket}: {severity}"  # planted
