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


@workflow.defn
class Turns:
    def __init__(self) -> None:
        self.turns: list[str] = []

    @workflow.run
    async def run(self) -> None:
        while True:  # crashproof: ignore[CP207] a conversation is ended by hand
            await workflow.wait_condition(lambda: bool(self.turns))
            for turn in self.turns:
                if not turn:
                    break
            if len(self.turns) > 1000:
                raise RuntimeError("more than anybody says")
            self.turns.clear()

    @workflow.update
    async def say(self, text: str) -> None:
        self.turns.append(text)
        await workflow.wait_condition(lambda: not self.turns)


@workflow.defn
class Opening:
    def __init__(self) -> None:
        self.ready = False
        self.client = ""

    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(1)
        self.client = "Ada"
        self.ready = True
        await workflow.sleep(60)
        return self.client

    @workflow.update
    async def who(self) -> str:
        await workflow.wait_condition(lambda: self.ready)
        return self.client
