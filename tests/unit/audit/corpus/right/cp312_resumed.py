"""Activities that go on where the last attempt was: with the page under way, or behind the page that is done."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError


@activity.defn
async def copy_again(book: str, pages: int) -> int:
    told = activity.info().heartbeat_details
    first = told[0] if told else 0
    async with httpx.AsyncClient(timeout=10) as client:
        for page in range(first, pages):
            activity.heartbeat(page)
            await client.put(f"https://copies.example/{book}/{page}")
    return pages


@activity.defn
async def copy_next(book: str, pages: int) -> int:
    told = activity.info().heartbeat_details
    last_done = told[0] if told else -1
    async with httpx.AsyncClient(timeout=10) as client:
        for page in range(last_done + 1, pages):
            await client.put(f"https://copies.example/{book}/{page}")
            activity.heartbeat(page)
    return pages


@activity.defn
async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        reply = await client.get(url)
    if reply.status_code == 429:
        delay = asked_to_wait(reply.headers)
        raise ApplicationError("come back later", type="RateLimited", next_retry_delay=delay)
    try:
        return str(reply.json()["text"])
    except ValueError:
        return reply.text[:1_000]


def asked_to_wait(headers: httpx.Headers) -> timedelta:
    if "retry-after-ms" in headers:
        return timedelta(milliseconds=float(headers["retry-after-ms"]))
    asked = headers.get("retry-after", "1")
    return timedelta(seconds=float(asked)) if asked.isdigit() else parsedate_to_datetime(asked) - datetime.now(UTC)
