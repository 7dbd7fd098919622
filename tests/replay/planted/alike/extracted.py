"""Looks like other code, but commands only moved to functions and to a task of their own."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities

HALF_A_MINUTE = timedelta(seconds=30)


@workflow.defn
class Research:
    @workflow.run
    async def run(self, topic: str) -> str:
        steps = await self._planned(topic)
        texts = [await self._searched(topic, step) for step in steps]
        await asyncio.sleep(0.2)
        summing_up = workflow.start_activity(activities.summarise, texts, start_to_close_timeout=HALF_A_MINUTE)
        (summary,) = await asyncio.gather(summing_up)
        return f"{topic}: {summary}"

    async def _planned(self, topic: str) -> list[str]:
        prompt = f"Plan the research on {topic} in two steps."
        patient = RetryPolicy(maximum_attempts=5)
        return await workflow.execute_activity(
            activities.plan, prompt, start_to_close_timeout=HALF_A_MINUTE, retry_policy=patient
        )

    async def _searched(self, topic: str, step: str) -> str:
        searching = workflow.start_activity(
            activities.search,
            f"{topic}: {step}",
            task_queue="planted-search",
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=timedelta(seconds=10),
        )
        return await asyncio.create_task(_result(searching))


async def _result(searching: workflow.ActivityHandle[str]) -> str:
    return await searching
