"""Turns: how many trials run at a time, over all scenarios of a run, and when one of them has the rig for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Gives trials their turn.

    Args:
        limit: How many trials run at a time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit)
        self._gathering = asyncio.Lock()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn beside others."""
        async with self._free:
            yield

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until no other trial runs; none begins meanwhile."""
        held = 0
        async with self._gathering:  # two that gather turns at the same time would wait for each other
            try:
                while held < self._limit:
                    await self._free.acquire()
                    held += 1
                yield
            finally:
                for _ in range(held):
                    self._free.release()
