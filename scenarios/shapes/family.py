"""A family: two children, two activities at once and a local activity, every effect under its own key."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
A_WHILE = timedelta(minutes=5)


@activity.defn
async def reserve(seat: str) -> str:
    """Reserve a seat; local, since it is quick."""
    await plumbing.effect("reserve", {"seat": seat}, key=f"{activity.info().workflow_id}/reserve-{seat}")
    return seat


@activity.defn
async def invite(guest: str) -> str:
    """Invite a guest."""
    await plumbing.effect("invite", {"guest": guest}, key=f"{activity.info().workflow_id}/invite-{guest}")
    return guest


@activity.defn
async def cook(dish: str) -> str:
    """Cook a dish."""
    await plumbing.effect("cook", {"dish": dish}, key=f"{activity.info().workflow_id}/cook-{dish}")
    return dish


@workflow.defn
class CourseWorkflow:
    """One course of the dinner; a child."""

    @workflow.run
    async def run(self, dish: str) -> str:
        """Cook the dish."""
        return await workflow.execute_activity(cook, dish, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class DinnerWorkflow:
    """A dinner: reserve, invite everybody at once, then serve one course after the other."""

    @workflow.run
    async def run(self, guests: list[str], dishes: list[str]) -> list[str]:
        """Give the dinner and return who came and what they ate."""
        seat = await workflow.execute_local_activity(
            reserve, "table 4", start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
        )
        invited = await asyncio.gather(*(self._invite(guest) for guest in guests))
        eaten = [
            await workflow.execute_child_workflow(CourseWorkflow.run, dish, id=f"{workflow.info().workflow_id}-{dish}")
            for dish in dishes
        ]
        return [seat, *invited, *eaten]

    async def _invite(self, guest: str) -> str:
        return await workflow.execute_activity(invite, guest, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


if __name__ == "__main__":
    plumbing.main(workflows=[DinnerWorkflow, CourseWorkflow], activities=[reserve, invite, cook])
