"""The workflow of ``sample_workflows`` as a later version has it: it calls another activity first."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        limit = timedelta(seconds=5)
        answer: str = await workflow.execute_activity("bye", name, result_type=str, start_to_close_timeout=limit)
        return answer
