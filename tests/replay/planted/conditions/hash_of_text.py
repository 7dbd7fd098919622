"""Planted: hash() of a text decides which variant of a prompt a user gets."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Experiment:
    @workflow.run
    async def run(self, user: str) -> str:
        variant = hash(user) % 1000  # planted
        return await workflow.execute_activity(  # decided
            activities.reply, f"Greet {user} by variant {variant}", start_to_close_timeout=timedelta(seconds=30)
        )
