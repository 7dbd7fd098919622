"""Planted: a local activity orders without a key; until its workflow task is complete, it may run again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def order(article: str) -> str:
    receipt = await plumbing.effect("order", {"article": article})
    return str(receipt["id"])


@workflow.defn
class OrderLocally:
    @workflow.run
    async def run(self, article: str) -> str:
        return await workflow.execute_local_activity(
            order, article, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[OrderLocally], activities=[order])
