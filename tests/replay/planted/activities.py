"""Activities of the planted workflows: what a model and some tools would answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio import activity

from tests.replay.planted.records import Charge, Trip


@activity.defn
async def plan(prompt: str) -> list[str]:
    return ["read about it", "ask an expert"]


@activity.defn
async def search(query: str) -> str:
    activity.heartbeat(query)
    return f"found: {query}"


@activity.defn
async def summarise(texts: list[str]) -> str:
    return f"{len(texts)} texts agree"


@activity.defn
async def quote(trip: Trip) -> float:
    return 80.0 * trip.nights


@activity.defn
async def charge(amount: Charge) -> str:
    return f"{amount.amount:.2f} {amount.currency}"


@activity.defn
async def reply(prompt: str) -> str:
    return f"as to {prompt!r}: yes"


@activity.defn
async def assess(ticket: str) -> str:
    return "urgent"


@activity.defn
async def use(tool: Any) -> str:
    return "used"


ALL: tuple[Callable[..., Any], ...] = (plan, search, summarise, quote, charge, reply, assess, use)
