"""A research activity that fetches pages with a blocking client on the worker's event loop."""

import requests
from temporalio import activity


@activity.defn
async def fetch_page(url: str) -> str:
    reply = requests.get(url, timeout=20)  # finding: CP301
    reply.raise_for_status()
    return reply.text[:10_000]
