"""What is kept ready between two uses: a few things that take long to start, the one used longest ago ended first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")

MOST = 3
"""How many are kept ready while nobody uses them: each holds processes that have imported workflow code."""


@dataclass
class _Entered(Generic[T]):
    opened: AbstractAsyncContextManager[T]
    value: T
    users: int = 0
    failed: bool = False


class KeptReady(Generic[K, T]):
    """Keeps a few asynchronous context managers entered, by name."""

    def __init__(self) -> None:
        self._kept: dict[K, _Entered[T]] = {}
        self._changing = asyncio.Lock()

    @asynccontextmanager
    async def one(self, name: K, start: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[T]:
        """Use the one of that name, started where it is not ready; it stays ready for the next use.

        Args:
            name: Its name.
            start: Makes the context manager to enter.
        """
        async with self._changing:
            kept = self._kept.pop(name, None)
            if kept is None:
                opened = start()
                kept = _Entered(opened, await opened.__aenter__())
            self._kept[name] = kept
            kept.users += 1
        try:
            yield kept.value
        except BaseException:
            kept.failed = True
            raise
        finally:
            kept.users -= 1
            await asyncio.shield(self._end_those_not_needed())

    async def close(self) -> None:
        """End all."""
        async with self._changing:
            await self._end(list(self._kept))

    async def _end_those_not_needed(self) -> None:
        async with self._changing:
            idle = [name for name, kept in self._kept.items() if not kept.users]
            failed = [name for name in idle if self._kept[name].failed]
            right = [name for name in idle if name not in failed]
            await self._end([*failed, *right[: max(0, len(right) - MOST)]])

    async def _end(self, names: Sequence[K]) -> None:
        for name in names:
            await self._kept.pop(name).opened.__aexit__(None, None, None)
