"""A retry policy that says nought attempts, which means no limit at all."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

PATIENT = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=0)


@activity.defn
async def weather(place: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        return str((await client.get("https://weather.example", params={"place": place})).json()["sky"])


@workflow.defn
class WeatherWorkflow:
    @workflow.run
    async def run(self, place: str) -> str:
        return await workflow.execute_activity(  # finding: CP403
            weather, place, start_to_close_timeout=timedelta(seconds=30), retry_policy=PATIENT
        )
