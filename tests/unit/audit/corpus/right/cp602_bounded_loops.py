"""Loops of an agent that all have an end: a count, a time, a budget, or somebody who asks."""

import asyncio
from collections import deque
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

RETRIES = RetryPolicy(maximum_attempts=3)
MOST_STEPS = 20


@activity.defn
async def think(thought: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            return (await client.responses.create(model="gpt-4o-mini", input=thought)).output_text
    except openai.BadRequestError as error:
        raise ApplicationError(str(error), type="Refused", non_retryable=True) from error


@workflow.defn
class AgentWorkflow:
    def __init__(self) -> None:
        self._asked: deque[str] = deque()
        self._closed = False

    @workflow.run
    async def run(self, goal: str) -> str:
        found = await self._counted(goal)
        found = await self._timed(found)
        found = await self._under_timeout(found)
        found = await self._until_closed(found)
        return await self._converse(found)

    async def _counted(self, goal: str) -> str:
        steps = 0
        while True:
            goal = await self._think(goal)
            steps += 1
            if goal == "done" or steps >= MOST_STEPS:
                return goal

    async def _timed(self, goal: str) -> str:
        until = workflow.now() + timedelta(hours=1)
        while workflow.now() < until:
            goal = await self._think(goal)
        return goal

    async def _under_timeout(self, goal: str) -> str:
        async with asyncio.timeout(3600):
            while goal != "done":
                goal = await self._think(goal)
        return goal

    async def _until_closed(self, goal: str) -> str:
        while True:
            if self._closed:
                return goal
            goal = await self._think(goal)

    async def _converse(self, goal: str) -> str:
        while True:
            await workflow.wait_condition(lambda: bool(self._asked or self._closed))
            if not self._asked:
                return goal
            goal = await self._think(self._asked.popleft())

    async def _think(self, goal: str) -> str:
        return await workflow.execute_activity(
            think, goal, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
        )

    @workflow.signal
    def ask(self, question: str) -> None:
        self._asked.append(question)

    @workflow.signal
    def close(self) -> None:
        self._closed = True
