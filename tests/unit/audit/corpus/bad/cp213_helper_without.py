"""Continue-as-new by a helper that is not given what signals have brought."""

from temporalio import workflow


@workflow.defn
class Inbox:
    def __init__(self) -> None:
        self._messages: list[str] = []

    @workflow.run
    async def run(self, count: int) -> None:
        while True:
            await workflow.wait_condition(lambda: len(self._messages) > 0)
            self._messages.pop(0)
            count += 1
            if workflow.info().is_continue_as_new_suggested():
                go_on(count)

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(text)


def go_on(count: int) -> None:
    workflow.continue_as_new(count)  # finding: CP213
