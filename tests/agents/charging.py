"""A charge whose key survives one crash and not two, and one whose key survives all."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=9)


@activity.defn
async def charge_by_attempt(order: str) -> None:
    """Charge under the key of the attempt before this one, which is that of the first only until the second is lost."""
    await plumbing.effect("charge", {"order": order}, key=f"{order}-{max(1, activity.info().attempt - 1)}")


@activity.defn
async def charge_by_order(order: str) -> None:
    """Charge under the key of the order."""
    await plumbing.effect("charge", {"order": order}, key=order)


@workflow.defn
class Charging:
    @workflow.run
    async def run(self, how: str) -> None:
        await workflow.execute_activity(
            how, "order-1", start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[Charging], activities=[charge_by_attempt, charge_by_order])
