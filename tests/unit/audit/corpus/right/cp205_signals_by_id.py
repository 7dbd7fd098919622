"""A flag that the run resets; signals count only if they name an id that was not there before."""

from temporalio import workflow


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self._decision: str | None = None
        self._request_id = ""

    @workflow.run
    async def run(self) -> str:
        return await self._ask()

    async def _ask(self) -> str:
        self._decision = None
        self._request_id = str(workflow.uuid4())
        await workflow.wait_condition(lambda: self._decision is not None)
        return self._decision or ""

    @workflow.signal
    def decide(self, request_id: str, decision: str) -> None:
        if request_id == self._request_id:
            self._decision = decision


@workflow.defn
class Chat:
    def __init__(self) -> None:
        self._pending: str | None = None
        self._done = False
        self._answer = ""

    @workflow.run
    async def run(self) -> str:
        while not self._done:
            await workflow.wait_condition(lambda: self._pending is not None or self._done)
            await workflow.sleep(1)
            self._pending = None
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._answer

    @workflow.update
    async def say(self, text: str) -> str:
        await workflow.wait_condition(lambda: self._pending is None)
        self._pending = text
        await workflow.wait_condition(lambda: self._pending is None)
        return self._answer

    @workflow.signal
    def finish(self) -> None:
        self._done = True
