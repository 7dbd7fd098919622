"""Turns: how many trials run at a time, over all scenarios of a run, and when one of them has the rig for itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

_NAMED = 2  # of those under way, named as what is waited for


class Turns:
    """Gives trials their turn.

    Attributes:
        under_way: What runs now, with when it began on the monotonic clock.

    Args:
        limit: How many trials run at a time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit)
        self._gathering = asyncio.Lock()
        self.under_way: dict[str, float] = {}

    @asynccontextmanager
    async def one(self, what: str) -> AsyncIterator[None]:
        """Wait for a turn beside others; ``what`` names what has it."""
        async with self._free:
            with self._named(what):
                yield

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[None]:
        """Wait until no other trial runs; none begins meanwhile. ``what`` names the one that does."""
        held = 0
        async with self._gathering:  # two that gather turns at the same time would wait for each other
            try:
                while held < self._limit:
                    await self._free.acquire()
                    held += 1
                with self._named(what):
                    yield
            finally:
                for _ in range(held):
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
