"""Looks like a cache that executions share, but one is each execution's own, and the sandbox keeps the other apart."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities

ANSWERS: dict[str, str] = {}


@workflow.defn
class OwnLookup:
    turns = 0

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}

    @workflow.run
    async def run(self, question: str) -> str:
        OwnLookup.turns += 1
        for cache in (self._answers, ANSWERS):
            if question not in cache:
                cache[question] = await workflow.execute_activity(
                    activities.search, f"{question} ({self.turns})", start_to_close_timeout=timedelta(seconds=30)
                )
        return ANSWERS[question]
