"""Runs that end while a handler still waits: by a loop that is left, or before they have set what is waited for."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Turns:
    def __init__(self) -> None:
        self.turns: list[str] = []

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self.turns), timeout=3600)
            if len(self.turns) > 1000:
                raise ApplicationError("more than anybody says")
            self.turns.clear()

    @workflow.update
    async def say(self, text: str) -> None:  # finding: CP205
        self.turns.append(text)
        await workflow.sleep(1)


@workflow.defn
class Opening:
    def __init__(self) -> None:
        self.ready = False
        self.open = False

    @workflow.run
    async def run(self, eager: bool) -> str:
        await workflow.sleep(1)
        if eager:
            self.ready = True
        await workflow.sleep(60)
        return "open"

    @workflow.update
    async def who(self) -> str:  # finding: CP205
        await workflow.wait_condition(lambda: self.ready)
        return "Ada"


@workflow.defn
class Account:
    def __init__(self) -> None:
        self.ready = False

    @workflow.run
    async def run(self) -> str:
        self.ready = True
        await workflow.sleep(60)
        return "open"

    @workflow.update
    async def rename(self, name: str) -> str:  # finding: CP205
        await workflow.wait_condition(lambda: self.ready)
        await workflow.sleep(1)
        return name
