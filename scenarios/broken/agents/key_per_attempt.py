"""Planted: the idempotency key is made in the activity, so every attempt has another one."""

from __future__ import annotations

import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def charge(order: str) -> str:
    key = str(uuid.uuid4())
    await plumbing.effect("charge", {"order": order, "amount": 40}, key=key)
    return f"charged {order}"


@workflow.defn
class ChargeKeyPerAttempt:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge, order, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ChargeKeyPerAttempt], activities=[charge])
