"""Right: an activity that no workflow schedules charges under a key of its own id, and beats before and after."""

from __future__ import annotations

from temporalio import activity

from scenarios import plumbing


@activity.defn
async def charge_alone(order: str) -> str:
    activity.heartbeat("begun")
    key = f"{activity.info().activity_id}/charge"
    receipt = await plumbing.effect("charge", {"order": order, "amount": 40}, key=key)
    activity.heartbeat("charged")
    return str(receipt["id"])


if __name__ == "__main__":
    plumbing.main(workflows=[], activities=[charge_alone])
