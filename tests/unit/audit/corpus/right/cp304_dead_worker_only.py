"""A heartbeat timeout without beats, longer than the one request of the activity may take: it tells a dead worker."""

from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def weather(place: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        return str((await client.get("https://weather.example", params={"place": place})).json()["sky"])


@workflow.defn
class WeatherWorkflow:
    @workflow.run
    async def run(self, place: str) -> str:
        return await workflow.execute_activity(
            weather,
            place,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
