"""Planted: an activity goes to other workers."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Research:
    @workflow.run
    async def run(self, topic: str) -> str:
        steps = await workflow.execute_activity(
            activities.plan,
            f"Plan the research on {topic} in two steps.",
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
        texts = []
        for step in steps:
            text = await workflow.execute_activity(  # decided
                activities.search,
                f"{topic}: {step}",
                task_queue="planted-search-2",  # planted
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=timedelta(seconds=10),
            )
            texts.append(text)
        await workflow.sleep(timedelta(milliseconds=200))
        summary = await workflow.execute_activity(
            activities.summarise, texts, start_to_close_timeout=timedelta(seconds=30)
        )
        return f"{topic}: {summary}"
