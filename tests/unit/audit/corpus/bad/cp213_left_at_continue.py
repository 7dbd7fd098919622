"""Continue-as-new that drops what signals have brought."""

from temporalio import workflow


@workflow.defn
class Inbox:
    def __init__(self) -> None:
        self._messages: list[str] = []
        self._count = 0

    @workflow.run
    async def run(self, count: int = 0) -> None:
        self._count = count
        while True:
            await workflow.wait_condition(lambda: len(self._messages) > 0)
            self._messages.pop(0)
            self._count += 1
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._count)  # finding: CP213

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)
