"""Right: an activity that no workflow schedules charges under a key of its own id, and beats before and after.

Cancelled, it ends what it has begun and tells it: a charge on its way is not called back. Where its worker stops the
next attempt does.
"""

from __future__ import annotations

import asyncio

from temporalio import activity

from scenarios import plumbing


@activity.defn
async def charge_alone(order: str) -> str:
    activity.heartbeat("begun")
    key = f"{activity.info().activity_id}/charge"
    charging = asyncio.create_task(plumbing.effect("charge", {"order": order, "amount": 40}, key=key))
    try:
        receipt = await asyncio.shield(charging)
    except asyncio.CancelledError:
        receipt = await charging
        why = activity.cancellation_details()
        if not (why and why.cancel_requested):
            raise
    activity.heartbeat("charged")
    return str(receipt["id"])


if __name__ == "__main__":
    plumbing.main(workflows=[], activities=[charge_alone])
