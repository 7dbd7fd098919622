"""Places: how many sweeps of a run are under way, and which of them wait for quiet while others begin.

Quiet comes when no trial runs or waits for its turn. Were a sweep that waits for it to keep its place, the last ones
under way would leave the processors idle again and again; so all that wait are served at once, after the others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_UNDER_WAY = 8
"""So many sweeps are under way for each processor: each of them has a process that replays, and holds what it saw."""

_LEFT = 32
"""So many more may wait for quiet, for they hold that, too."""


class SweepPlaces:
    """Gives sweeps their places, in the order in which they ask for one."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_UNDER_WAY * (os.cpu_count() or 1))
        self._may_leave = _LEFT

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        async with self._free:
            yield

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Let another sweep have the place meanwhile, and wait for one at the end; keep it where too many have."""
        if not self._may_leave:
            yield
            return
        self._may_leave -= 1
        self._free.release()
        try:
            yield
        finally:
            self._may_leave += 1
            await self._free.acquire()
