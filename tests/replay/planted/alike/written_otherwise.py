"""Looks like other options, but they are equal: other units, other order, and defaults written out."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities


@workflow.defn
class Research:
    @workflow.run
    async def run(self, topic: str) -> str:
        steps = await workflow.execute_activity(
            activities.plan,
            f"Plan the research on {topic} in two steps.",
            retry_policy=RetryPolicy(
                maximum_attempts=5, initial_interval=timedelta(seconds=1), backoff_coefficient=2.0
            ),
            start_to_close_timeout=timedelta(minutes=0.5),
        )
        texts = []
        for step in steps:
            text = await workflow.execute_activity(
                activities.search,
                f"{topic}: {step}",
                task_queue="planted-search",
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=timedelta(milliseconds=10_000),
                priority=Priority.default,
            )
            texts.append(text)
        await workflow.sleep(timedelta(seconds=0.2))
        summary = await workflow.execute_activity(
            activities.summarise,
            texts,
            start_to_close_timeout=timedelta(seconds=15) * 2,
            task_queue=workflow.info().task_queue,
        )
        return f"{topic}: {summary}"
