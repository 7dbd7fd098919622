"""The same tools, run in threads."""

import asyncio
import inspect
from collections.abc import Sequence

import requests
from temporalio import activity
from temporalio.common import RawValue


def search(args: dict) -> dict:
    return requests.get("https://example.org/search", params=args, timeout=30).json()


async def note(args: dict) -> dict:
    return args


TOOLS = {"search": search, "note": note}


def tool_named(name: str):
    if name == "search":
        return search
    return note


@activity.defn(dynamic=True)
async def run_tool(args: Sequence[RawValue]) -> dict:
    tool = tool_named(activity.info().activity_type)
    if inspect.iscoroutinefunction(tool):
        return await tool({})
    return await asyncio.to_thread(tool, {})


@activity.defn
def run_by_name(name: str) -> dict:
    return TOOLS[name]({})
