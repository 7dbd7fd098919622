"""Queries that take things away, directly and through another method."""

from collections import deque
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Inbox:
    def __init__(self) -> None:
        self._unread: deque[str] = deque()
        self._asked = 0
        self._notes: list[str] = []

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: len(self._notes) > 9, timeout=timedelta(days=1))

    @workflow.signal
    def receive(self, text: str) -> None:
        self._unread.append(text)

    @workflow.query
    def next_message(self) -> str:
        self._asked += 1  # finding: CP203
        return self._unread.popleft()  # finding: CP203

    @workflow.query
    def notes(self) -> list[str]:
        self._tidy()
        notes = self._notes
        notes.sort()  # finding: CP203
        return notes

    def _tidy(self) -> None:
        del self._notes[10:]  # finding: CP203
