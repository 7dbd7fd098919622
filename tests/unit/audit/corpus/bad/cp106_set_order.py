"""The order of sets decides what is scheduled first, and what is passed on."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

DEFAULTS = frozenset({"search", "browse", "summarize"})


@activity.defn
async def use_tool(tool: str, topics: list[str]) -> str:
    return tool


@workflow.defn
class ToolAgent:
    @workflow.run
    async def run(self, wanted: list[str], topics: list[str]) -> list[str]:
        results: list[str] = []
        for tool in set(wanted):  # finding: CP106
            results.append(await self._use(tool, []))
        unique = list(set(topics))  # finding: CP106
        results.append(await self._use("search", unique))
        results += await asyncio.gather(*(self._use(tool, []) for tool in DEFAULTS))  # finding: CP106
        left = set(wanted) - DEFAULTS
        while left:
            results.append(await self._use(left.pop(), []))  # finding: CP106
        return results

    async def _use(self, tool: str, topics: list[str]) -> str:
        return await workflow.execute_activity(
            use_tool, args=[tool, topics], start_to_close_timeout=timedelta(minutes=1)
        )


@workflow.defn
class TellingAgent:
    def __init__(self) -> None:
        self._tools = {"search", "browse"}

    @workflow.run
    async def run(self, topic: str) -> str:
        prompt = f"Use {self._tools} for {topic}"  # finding: CP106
        workflow.logger.info(f"with {self._tools}")
        return await workflow.execute_activity(
            use_tool, args=[prompt, []], start_to_close_timeout=timedelta(minutes=1)
        )
