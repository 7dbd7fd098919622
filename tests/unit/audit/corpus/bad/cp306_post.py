"""An agent's tool that books a table by a POST which nothing tells from the same POST of the next attempt."""

import httpx
from temporalio import activity


@activity.defn
async def book_table(restaurant: str, guests: int) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        reply = await client.post(  # finding: CP306
            f"https://{restaurant}/bookings", json={"guests": guests}, headers={"Accept": "application/json"}
        )
        reply.raise_for_status()
    return str(reply.json()["booking"])
