"""The server that trials share: another one takes its place when it is lost, and when it has served enough of them.

A server keeps in memory what it once served, and looks after it. Measured with server 1.32, one partition for each task
queue, and a workflow of four activities that one worker process serves: 4 MiB more with each trial, and 0.13 CPU-s for
each of the first 20, 0.15 for the 50th, 0.2 for the 100th; another one costs 0.5 to start. So it comes to the same,
0.16 a trial, whether it serves 30 of them or 70.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from harness.servers.lifecycle import Server


class SharedServers:
    """Hands out one server after another, each to many at a time. An async context manager that leaves none.

    Who uses a server uses it to the end, also when another one has taken its place meanwhile. A server whose place is
    taken is killed as soon as the last that uses it is done; its folder stays.

    Args:
        folder: Folder of the first; those of the others are beside it, with their numbers.
        new: Makes a server that keeps what it has in a folder.
        uses: How often one is handed out, at most; 0: without end.

    Attributes:
        latest: The one that is handed out next, if it is not lost until then.
    """

    def __init__(self, folder: Path, *, new: Callable[[Path], Server], uses: int = 0) -> None:
        self.latest = new(folder)
        self._folder = folder
        self._new = new
        self._most = uses
        self._uses = 0  # how often the latest one was handed out
        self._started = 1
        self._users: Counter[Server] = Counter()
        self._replacing = asyncio.Lock()

    async def __aenter__(self) -> SharedServers:
        await self.latest.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        for server in {self.latest, *self._users}:
            await server.kill()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Server]:
        """Hand out a server that runs.

        Raises:
            KilledError, RigError: Another one was to take its place, and does not start.
        """
        async with self._replacing:
            if self.latest.loss or 0 < self._most <= self._uses:
                await self._replace()
            server = self.latest
            self._uses += 1
            self._users[server] += 1
        try:
            yield server
        finally:
            self._users[server] -= 1
            await self._end_unused()

    async def _replace(self) -> None:
        self._started += 1
        another = self._new(self._folder.with_name(f"{self._folder.name}-{self._started}"))
        await another.start()
        self.latest, self._uses = another, 0
        await self._end_unused()

    async def _end_unused(self) -> None:
        for server in [each for each, users in self._users.items() if not users and each is not self.latest]:
            await server.kill()
            self._users.pop(server, None)
