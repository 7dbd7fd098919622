"""Writing: the evidence of a sweep goes to the disk in a thread of its own, which no trial waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Writing:
    """Writes in the order in which it was asked to. An async context manager: at its end all is written.

    What nobody waits for may fail all the same: the first failure is raised when something more is to be written, and
    at the end.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing")
        self._asked: list[Future[None]] = []

    async def __aenter__(self) -> Writing:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        if kind is None:
            self._raise()

    def write(self, save: Callable[[], None]) -> None:
        """Have something written after all that was asked for before.

        Raises:
            RigError: What was asked for before could not be written.
        """
        self._raise()
        self._asked.append(self._thread.submit(save))

    async def written(self) -> None:
        """Wait until all that was asked for so far is written.

        Raises:
            RigError: Some of it could not be.
        """
        await asyncio.gather(*map(asyncio.wrap_future, self._asked))

    def _raise(self) -> None:
        self._asked = [each for each in self._asked if not each.done() or each.exception()]
        for each in self._asked:
            if each.done():
                each.result()
