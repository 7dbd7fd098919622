"""Right: attempts have no cap, but the time for all of them has one (schedule-to-close)."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing


@activity.defn
async def charge(order: str) -> str:
    await plumbing.effect("charge", {"order": order}, key=f"{activity.info().workflow_id}/charge")
    return f"charged {order}"


@workflow.defn
class ChargeBoundedByTime:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(
            charge,
            order,
            start_to_close_timeout=timedelta(minutes=5),
            schedule_to_close_timeout=timedelta(hours=1),
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ChargeBoundedByTime], activities=[charge])
