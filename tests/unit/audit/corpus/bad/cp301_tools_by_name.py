"""Tools that block the loop, behind activities that look them up by name."""

import inspect
from collections.abc import Sequence

import requests
from temporalio import activity
from temporalio.common import RawValue


def search(args: dict) -> dict:
    return requests.get("https://example.org/search", params=args, timeout=30).json()  # finding: CP301


def look_up(args: dict) -> dict:
    return requests.get("https://example.org/look", params=args, timeout=30).json()  # finding: CP301


def weigh(args: dict) -> dict:
    return requests.get("https://example.org/weigh", params=args, timeout=30).json()  # finding: CP301


async def note(args: dict) -> dict:
    return args


TOOLS = {"look_up": look_up, "note": note}
MORE = {"weigh": weigh}


def tool_named(name: str):
    if name == "search":
        return search
    if name == "note":
        return note
    raise ValueError(name)


@activity.defn(dynamic=True)
async def run_tool(args: Sequence[RawValue]) -> dict:
    tool = tool_named(activity.info().activity_type)
    if inspect.iscoroutinefunction(tool):
        return await tool({})
    return tool({})


@activity.defn
async def run_by_name(name: str) -> dict:
    return TOOLS[name]({})


@activity.defn
async def run_if_known(name: str) -> dict:
    tool = MORE.get(name)
    return tool({}) if tool else {}
