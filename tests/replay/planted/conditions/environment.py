"""Planted: a prompt names the model that an environment variable holds, through a module that is passed through."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    import tests.replay.planted.shared.settings as settings


@workflow.defn
class Configured:
    @workflow.run
    async def run(self, question: str) -> str:
        prompt = f"{settings.model()}: {question}"
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
