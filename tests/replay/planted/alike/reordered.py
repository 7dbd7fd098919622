"""Looks like another order of commands, but the statements that changed places issue none."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import tests.replay.planted.activities as activities
    from tests.replay.planted.records import Conversation


@workflow.defn
class Chat:
    def __init__(self) -> None:
        self._turns: list[str] = []
        self._title = "untitled"
        self._manner = "at length"
        self._said: list[str] = []

    @workflow.run
    async def run(self, conversation: Conversation) -> None:
        while len(self._turns) < 2:
            await workflow.wait_condition(lambda: bool(self._said))
            text = self._said.pop(0)
            prompt = f"Answer {self._manner}: {text}"
            turn = await workflow.execute_activity(
                activities.reply,
                prompt,
                start_to_close_timeout=timedelta(seconds=30),
            )
            self._turns.append(turn)
        workflow.continue_as_new(Conversation(turns=self._turns[-1:], title=self._title))

    @workflow.query
    def turns(self) -> int:
        return len(self._turns)

    @workflow.signal
    def say(self, text: str) -> None:
        self._said.append(text)

    @workflow.signal
    def be_brief(self) -> None:
        self._manner = "in one sentence"

    @workflow.update
    def rename(self, title: str) -> str:
        self._title = title
        return f"now called {title}"
