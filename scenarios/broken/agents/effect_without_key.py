"""Planted: the card is charged without an idempotency key, so an attempt that dies after it charges twice."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def charge(order: str) -> str:
    receipt = await plumbing.effect("charge", {"order": order, "amount": 40})
    return str(receipt["id"])


@workflow.defn
class ChargeWithoutKey:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge, order, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ChargeWithoutKey], activities=[charge])
