"""A conversation whose messages get their id and time where they are made: in the workflow."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from messages import Message  # finding: CP501


@workflow.defn
class Conversation:
    def __init__(self) -> None:
        self._messages: list[Message] = []

    @workflow.run
    async def run(self, minutes: int) -> list[Message]:
        await workflow.sleep(timedelta(minutes=minutes))
        return self._messages

    @workflow.signal
    def say(self, text: str) -> None:
        self._messages.append(Message(role="user", text=text))
