"""Functions that serve workflows and plain programs alike: what they do outside of a workflow is not done in one."""

import asyncio
import os
from datetime import datetime, timezone

from temporalio import activity, workflow


def today() -> str:
    try:
        now = workflow.now()
    except Exception:
        now = datetime.now()
    return f"{now:%Y-%m-%d}"


def in_workflow() -> bool:
    try:
        workflow.info()
        return True
    except RuntimeError:
        return False


def stamp() -> str:
    if in_workflow():
        return workflow.now().isoformat()
    return datetime.now(timezone.utc).isoformat()


def stamp_or_nothing() -> str:
    return workflow.now().isoformat() if workflow.in_workflow() else datetime.now(timezone.utc).isoformat()


def place() -> str:
    inside = workflow.in_workflow()
    if not inside:
        return os.environ["HOSTNAME"]
    return "workflow"


async def rest(name: str) -> None:
    if activity.in_activity() and name:
        await asyncio.to_thread(print)


def lookup(name: str):
    def clock() -> str:
        return datetime.now().isoformat()

    if name:
        return clock
    return {"clock": clock, "twice": (clock, clock)}


@workflow.defn
class Report:
    @workflow.run
    async def run(self) -> list[str]:
        await rest("now")
        lookup("clock")
        return [today(), stamp(), stamp_or_nothing(), place()]
