"""The activities of the explored workflows: none has an effect outside."""

from __future__ import annotations

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


ALL = [look_up, book, charge, cancel_booking, next_tool]
