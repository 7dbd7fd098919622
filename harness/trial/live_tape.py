"""The live tape: what has happened in a trial so far, put down as it happens, for all parts that wait for something."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from harness.records.facts import NO_FACTS, Facts
from harness.records.tape import Entry


class LiveTape:
    """The tape of a trial that runs. It knows nobody, and every other part knows it.

    Attributes:
        entries: The entries so far, in order.
        failure: What went wrong with crashproof or its processes, so that the trial cannot go on.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.failure: BaseException | None = None
        self._changed = asyncio.Event()

    def put(self, entry: Entry) -> None:
        """Put an entry on the tape."""
        self.entries.append(entry)
        self._changed.set()

    def note(self, operation: str, *, worker: int = 0, facts: Facts = NO_FACTS) -> None:
        """Put on the tape what crashproof did or saw itself."""
        self.put(Entry(at=time.time(), kind="act", operation=operation, worker=worker, facts=facts))

    def fail(self, error: BaseException | None) -> None:
        """Say that the trial cannot go on; the first reason counts."""
        self.failure = self.failure or error
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits for a change look again."""
        self._changed.set()

    async def changed(self, *, timeout: float) -> None:
        """Wait until something is put on the tape, or for ``timeout`` seconds."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    async def until(self, wanted: Callable[[Entry], bool], *, timeout: float) -> bool:
        """Wait until an entry of the tape is the one looked for; tell whether it came within ``timeout`` seconds."""
        looked, deadline = 0, time.monotonic() + timeout
        while True:
            if any(wanted(entry) for entry in self.entries[looked:]):
                return True
            looked = len(self.entries)
            if time.monotonic() > deadline:
                return False
            await self.changed(timeout=0.5)

    def unanswered(self, operation: str) -> bool:
        """Tell whether a message of that operation is on its way: neither answered nor dropped."""
        of_operation = [entry for entry in self.entries if entry.operation == operation]
        ended = {entry.message for entry in of_operation if entry.kind != "request"}
        return any(entry.message not in ended for entry in of_operation)
