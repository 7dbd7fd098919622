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
async def pay(order: str) -> str:
    body = {"order": order, "amount": 40}
    try:
        await plumbing.effect("pay", body, key=f"{activity.info().workflow_id}/pay")
    except (OSError, http.client.HTTPException):
        await plumbing.effect("pay", body, key=str(uuid.uuid4()))
    return f"paid {order}"


@workflow.defn
class PayAgainWhenUnheard:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            pay, order, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[PayAgainWhenUnheard], activities=[pay])
