"""Continue-as-new that hands on what signals have brought, or comes when all of it is done."""

from temporalio import workflow


@workflow.defn
class Inbox:
    def __init__(self) -> None:
        self._messages: list[str] = []

    @workflow.run
    async def run(self, messages: list[str]) -> None:
        self._messages += messages
        while True:
            await workflow.wait_condition(lambda: len(self._messages) > 0)
            self._messages.pop(0)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._messages)

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)


@workflow.defn
class Drained:
    def __init__(self) -> None:
        self._messages: list[str] = []

    @workflow.run
    async def run(self, count: int) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._messages))
            while self._messages:
                self._messages.pop(0)
                count += 1
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(count)

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)


@workflow.defn
class Whole:
    def __init__(self) -> None:
        self._messages: list[str] = []

    @workflow.run
    async def run(self, state: dict) -> None:
        await workflow.wait_condition(lambda: len(self._messages) > 3)
        workflow.continue_as_new(self._state())

    def _state(self) -> dict:
        return {"messages": self._messages}

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)


@workflow.defn
class ByHelper:
    def __init__(self) -> None:
        self._messages: list[str] = []

    @workflow.run
    async def run(self, messages: list[str]) -> None:
        self._messages += messages
        while True:
            await workflow.wait_condition(lambda: len(self._messages) > 0)
            self._messages.pop(0)
            if workflow.info().is_continue_as_new_suggested():
                go_on(self._messages)

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)


def go_on(queue: list[str]) -> None:
    workflow.continue_as_new({"queue": queue})
