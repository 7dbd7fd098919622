"""Turns: how many trials run at a time, over all scenarios of a run, and when one of them has the rig for itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

_NAMED = 2  # of those under way, named as what is waited for


class Turns:
    """Gives trials their turn, in the order in which they ask for it.

    Attributes:
        limit: How many trials run at a time.
        under_way: What runs now, with when it began on the monotonic clock.

    Args:
        limit: How many at first.
        most: How many it may become where the machine has room (``harness.campaign.pace``); 0: it stays as it is.
    """

    def __init__(self, limit: int, *, most: int = 0) -> None:
        self.limit = limit
        self.most = most
        self._free = asyncio.Semaphore(limit)
        self._owed = 0  # turns that are not given back when they end, since the limit was lowered meanwhile
        self._gathering = asyncio.Lock()
        self.under_way: dict[str, float] = {}

    @property
    def all_taken(self) -> bool:
        """Whether a trial would have to wait for its turn."""
        return self._free.locked()

    @asynccontextmanager
    async def one(self, what: str) -> AsyncIterator[None]:
        """Wait for a turn beside others; ``what`` names what has it."""
        await self._free.acquire()
        try:
            with self._named(what):
                yield
        finally:
            self._give_back()

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[None]:
        """Wait until no other trial runs; none begins meanwhile. ``what`` names the one that does."""
        held = 0
        async with self._gathering:  # two that gather turns at the same time would wait for each other
            self.limit, self._owed = self.limit + self._owed, 0
            try:
                while held < self.limit:
                    await self._free.acquire()
                    held += 1
                with self._named(what):
                    yield
            finally:
                for _ in range(held):
                    self._free.release()

    def change(self, limit: int) -> None:
        """Let so many trials run at a time from now on; those under way go on. Not while one runs alone."""
        if self._gathering.locked():
            return
        for _ in range(limit - self.limit):
            self._give_back()
        self._owed += max(0, self.limit - limit)
        self.limit = limit

    def _give_back(self) -> None:
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()

    def waited_for(self) -> str:
        """Say what is waited for, the longest first: ``model-400@… (12 s), kill-worker@… (3 s) and 2 more``."""
        now = time.monotonic()
        oldest = sorted(self.under_way.items(), key=lambda each: each[1])
        words = ", ".join(f"{what} ({now - began:.0f} s)" for what, began in oldest[:_NAMED])
        more = len(oldest) - _NAMED
        return words + (f" and {more} more" if more > 0 else "")

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        self.under_way[what] = time.monotonic()
        try:
            yield
        finally:
            self.under_way.pop(what, None)
