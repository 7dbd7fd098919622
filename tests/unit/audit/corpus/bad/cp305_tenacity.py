"""A tool that is retried by a decorator, inside an activity that Temporal retries."""

import httpx
from temporalio import activity
from tenacity import retry, stop_after_attempt, wait_exponential


@activity.defn
async def search_web(query: str) -> list[str]:
    return await results_of(query)


@retry(stop=stop_after_attempt(4), wait=wait_exponential())  # finding: CP305
async def results_of(query: str) -> list[str]:
    async with httpx.AsyncClient(timeout=10) as client:
        reply = await client.get("https://search.example", params={"q": query})
        reply.raise_for_status()
        return [str(one["url"]) for one in reply.json()["results"]]
