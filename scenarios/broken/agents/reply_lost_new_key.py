"""Planted: when the answer to a payment is lost the activity pays again, under a new key."""

from __future__ import annotations

import http.client
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def pay(order: str, key: str) -> str:
    body = {"order": order, "amount": 40}
    try:
        receipt = await plumbing.effect("pay", body, key=key)
    except (OSError, http.client.HTTPException):
        receipt = await plumbing.effect("pay", body, key=str(uuid.uuid4()))
    return f"paid {order}: {receipt['ok']}"


@workflow.defn
class PayAgainWhenUnheard:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            pay,
            args=[order, str(workflow.uuid4())],
            start_to_close_timeout=timedelta(minutes=5),
            retry_policy=RETRIES,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[PayAgainWhenUnheard], activities=[pay])
