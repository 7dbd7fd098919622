"""Planted: a workflow that is not sandboxed counts in its class, which all executions in the process share."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn(sandboxed=False)
class Session:
    turns = 0

    @workflow.run
    async def run(self, user: str) -> str:
        Session.turns += 1  # planted
        prompt = f"Turn {self.turns}: greet {user}"
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
