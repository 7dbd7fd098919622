"""Sets that decide nothing by their order: sorted, counted, looked up, compared, made into other sets."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

TOOLS = {"search", "browse"}
ROUNDS = {1, 2, 3}


@activity.defn
async def use_tool(tool: str, total: int) -> str:
    return tool


@workflow.defn
class OrderlyAgent:
    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._done: dict[str, str] = {}

    @workflow.run
    async def run(self, wanted: list[str]) -> list[str]:
        unique = list(dict.fromkeys(wanted))
        for tool in sorted(set(wanted) & TOOLS):
            self._done[tool] = await self._use(tool, len(set(wanted)))
        names = list(TOOLS - self._seen)
        names.sort()
        for name in names:
            await self._use(name, max(ROUNDS))
        total = 0
        lengths: set[int] = set()
        for each in self._seen:
            total += len(each)
            lengths.add(len(each))
        upper = {each.upper() for each in self._seen}
        if any(each.startswith("s") for each in upper) or "browse" in self._seen:
            await self._use("search", sum(len(each) for each in upper))
        for tool in self._done:
            await self._use(tool, total)
        for number in ROUNDS:
            await self._use("browse", number)
        tools_by_length = sorted([each for each in TOOLS], key=lambda each: (len(each), each))
        results = await asyncio.gather(*(self._use(tool, 0) for tool in unique if tool in TOOLS))
        ordered = sorted(tool for tool in TOOLS)
        workflow.logger.info("seen: %s", ", ".join(self._seen))
        return [*results, *ordered, *tools_by_length, str(TOOLS == upper), str(min(lengths, default=0))]

    @workflow.signal
    def saw(self, tools: list[str]) -> None:
        self._seen.update(tools)
        self._seen = {tool for tool in self._seen if tool}

    @workflow.query
    def seen(self) -> list[str]:
        return sorted(self._seen)

    async def _use(self, tool: str, total: int) -> str:
        return await workflow.execute_activity(
            use_tool, args=[tool, total], start_to_close_timeout=timedelta(minutes=1)
        )
