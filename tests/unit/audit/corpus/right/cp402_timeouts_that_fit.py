"""Timeouts and retries that fit into each other, however they are written."""

from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

MINUTE = timedelta(minutes=1)
OPTIONS: dict[str, Any] = {"start_to_close_timeout": MINUTE, "retry_policy": RetryPolicy(maximum_attempts=3)}


@activity.defn
async def step(number: int) -> int:
    activity.heartbeat(number)
    return number + 1


@activity.defn
async def add(number: int) -> int:
    return number + 1


def options(seconds: int) -> dict[str, Any]:
    return {"start_to_close_timeout": timedelta(seconds=seconds), "retry_policy": RetryPolicy(maximum_attempts=2)}


@workflow.defn
class StepsWorkflow:
    @workflow.run
    async def run(self, patience_s: int) -> int:
        first = await workflow.execute_activity(
            step,
            1,
            schedule_to_close_timeout=10 * MINUTE,
            start_to_close_timeout=2 * MINUTE,
            heartbeat_timeout=MINUTE / 2,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=5), maximum_interval=timedelta(seconds=5), maximum_attempts=4
            ),
        )
        second = await workflow.execute_activity(add, first, schedule_to_close_timeout=MINUTE)
        third = await workflow.execute_activity(add, second, **OPTIONS)
        fourth = await workflow.execute_activity(add, third, **options(30))
        return await workflow.execute_activity(
            add,
            fourth,
            start_to_close_timeout=timedelta(seconds=patience_s),
            retry_policy=RetryPolicy(maximum_attempts=1, backoff_coefficient=0.5),
        )
