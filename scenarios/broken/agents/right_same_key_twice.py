"""Right: the charge is sent twice, and both times under the same key, so it is one charge."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def charge(order: str) -> str:
    key = f"{activity.info().workflow_id}/charge"
    body = {"order": order, "amount": 40}
    first = await plumbing.effect("charge", body, key=key)
    confirmed = await plumbing.effect("charge", body, key=key)
    return "confirmed" if first == confirmed else "unclear"


@workflow.defn
class ChargeConfirmed:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge, order, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ChargeConfirmed], activities=[charge])
