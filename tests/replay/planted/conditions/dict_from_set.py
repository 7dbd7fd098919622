"""Planted: a prompt lists the keys of a dict that was made from a set."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Digest:
    @workflow.run
    async def run(self, topics: list[str]) -> str:
        lengths = {topic: len(topic) for topic in frozenset(topics)}  # planted
        prompt = f"Digest {', '.join(lengths)}"
        return await workflow.execute_activity(  # decided
            activities.reply, prompt, start_to_close_timeout=timedelta(seconds=30)
        )
