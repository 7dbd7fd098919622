"""Workflows that call off what they wait for: it may have ended in the same moment."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class WaitsForApproval:
    def __init__(self) -> None:
        self._approved = False

    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.wait_condition(lambda: self._approved, timeout=60)
        except TimeoutError:
            return "late"
        return "approved"

    @workflow.signal
    def approve(self) -> None:
        self._approved = True


@workflow.defn
class WaitsForActivity:
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity("act", start_to_close_timeout=timedelta(seconds=9))
        return "done"


@workflow.defn
class WaitsForChild:
    @workflow.run
    async def run(self) -> str:
        await workflow.execute_child_workflow("Kid", id="kid")
        return "done"
