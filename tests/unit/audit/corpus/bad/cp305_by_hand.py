"""An activity that counts its own attempts beside Temporal's."""

import asyncio

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError


@activity.defn
async def weather(place: str) -> str:
    tries = 0
    async with httpx.AsyncClient(timeout=10) as client:
        while tries < 3:  # finding: CP305
            try:
                reply = await client.get("https://weather.example", params={"place": place})
                reply.raise_for_status()
                return str(reply.json()["sky"])
            except httpx.HTTPError:
                tries += 1
                await asyncio.sleep(2**tries)
    raise ApplicationError("no weather", type="NoWeather")
