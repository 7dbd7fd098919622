"""Runs that do not end by themselves: nothing cuts off what their handlers wait for."""

import asyncio

from temporalio import workflow


@workflow.defn
class Registry:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def add(self, name: str) -> str:
        await workflow.sleep(1)
        return name


@workflow.defn
class Chatbot:
    @workflow.run
    async def run(self) -> str:
        return await asyncio.Future()

    @workflow.update
    async def say(self, name: str) -> str:
        await workflow.sleep(1)
        return name


@workflow.defn
class Agent:
    def __init__(self) -> None:
        self._complete = False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self._complete, timeout=None)
        return "never"

    @workflow.signal
    async def say(self, name: str) -> None:
        await workflow.sleep(1)
