"""Memory of the process that spares work and guards nothing, and effects that the receiver tells apart."""

import httpx
from temporalio import activity

SEEN: set[str] = set()
PAGES: dict[str, str] = {}


@activity.defn
async def page(url: str) -> str:
    if url not in PAGES:
        async with httpx.AsyncClient(timeout=10) as client:
            PAGES[url] = (await client.get(url)).text
    return PAGES[url]


@activity.defn
async def note(url: str) -> None:
    if url in SEEN:
        return
    activity.logger.info("first seen here: %s", url)
    SEEN.add(url)


@activity.defn
async def pay(order: str) -> None:
    if order in SEEN:
        return
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://shop.example/charges", json={}, headers={"Idempotency-Key": order})
    SEEN.add(order)
