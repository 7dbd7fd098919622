"""Planted: an answer is kept in a module of the whole process, so that a warm process does not ask again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    import tests.replay.planted.shared.cache as cache


@workflow.defn
class Lookup:
    @workflow.run
    async def run(self, question: str) -> str:
        if question not in cache.ANSWERS:  # planted
            cache.ANSWERS[question] = await workflow.execute_activity(  # decided
                activities.search, question, start_to_close_timeout=timedelta(seconds=30)
            )
        return await workflow.execute_activity(  # decided
            activities.reply, cache.ANSWERS[question], start_to_close_timeout=timedelta(seconds=30)
        )
