"""The activities of the explored workflows: none has an effect outside."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request

from temporalio import activity


@activity.defn
async def look_up(city: str) -> str:
    return f"weather of {city}"


@activity.defn
async def book(trip: str) -> str:
    return f"booking of {trip}"


@activity.defn
async def charge(trip: str) -> str:
    return f"receipt of {trip}"


@activity.defn
async def cancel_booking(trip: str) -> None:
    return None


@activity.defn
async def next_tool(so_far: int) -> str:
    return "search"


@activity.defn
async def ask_model(calls: int) -> str:
    return await asyncio.to_thread(_asked, f"What next, after {calls} calls?")


def _asked(question: str) -> str:
    body = {"model": "small", "messages": [{"role": "user", "content": question}]}
    request = urllib.request.Request(
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


ALL = [look_up, book, charge, cancel_booking, next_tool, ask_model]
