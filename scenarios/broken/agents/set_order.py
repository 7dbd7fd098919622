"""Planted: the order of a set, another one in every process, decides in which order activities are scheduled."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def weather(place: str) -> str:
    return f"sun in {place}"


@activity.defn
async def hotels(place: str) -> str:
    return f"beds in {place}"


@activity.defn
async def flights(place: str) -> str:
    return f"seats to {place}"


@activity.defn
async def museums(place: str) -> str:
    return f"art in {place}"


@activity.defn
async def dinners(place: str) -> str:
    return f"food in {place}"


@activity.defn
async def concerts(place: str) -> str:
    return f"music in {place}"


TOOLS = [weather, hotels, flights, museums, dinners, concerts]


@workflow.defn
class TripInSetOrder:
    @workflow.run
    async def run(self, place: str) -> list[str]:
        wanted = {"weather", "hotels", "flights", "museums", "dinners", "concerts"}
        found = await asyncio.gather(*(self._find(tool, place) for tool in wanted))
        return sorted(found)

    async def _find(self, tool: str, place: str) -> str:
        found: str = await workflow.execute_activity(
            tool, place, result_type=str, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        return found


if __name__ == "__main__":
    plumbing.main(workflows=[TripInSetOrder], activities=TOOLS)
