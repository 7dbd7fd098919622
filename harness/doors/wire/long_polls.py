"""Long polls on their way to the server: those of a dead worker process must end before they swallow a task."""

from __future__ import annotations

import asyncio
from typing import Any


class LongPolls:
    """The long polls that are under way, and which worker process waits for the answer of each."""

    def __init__(self) -> None:
        self._workers: dict[asyncio.Task[Any], int] = {}

    def __len__(self) -> int:
        return len(self._workers)

    def add(self, poll: asyncio.Task[Any], *, worker: int) -> None:
        """Learn of a long poll of a worker process; it is known until it is done."""
        self._workers[poll] = worker
        poll.add_done_callback(lambda done: self._workers.pop(done, None))

    def cut_off(self, worker: int) -> None:
        """End the long polls of a dead worker process at once, before one of them swallows a task."""
        for poll, sender in list(self._workers.items()):
            if sender == worker:
                poll.cancel()

    def end(self) -> None:
        """End all long polls that are under way."""
        for poll in list(self._workers):
            poll.cancel()
