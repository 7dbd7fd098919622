"""Reads many history files in child processes, and stores each in protobuf's binary form to be replayed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from harness.errors import RigError
from harness.histories.files import HistoryFile
from harness.histories.reading import (
    READY,
    ReadAnswer,
    ReadRequest,
    decoded_answer,
    encoded,
    read_one,
    unread,
)
from harness.histories.stored_history import StoredHistory
from harness.histories.unwrapping import LARGEST
from harness.processes.child_channel import ChildChannel, NoAnswerError

MEMORY = 2 * 1024**3
"""How many bytes of memory a process that reads histories may have."""

_SMALL_FILES = 8 * 1024 * 1024
_SMALL_FILE = 4 * 1024 * 1024
_SMALL_EVENTS = 20_000
_START_LIMIT = 60.0
_LONGEST_ANSWER = 1024 * 1024
_AHEAD = 64


async def read_histories(
    files: Sequence[HistoryFile],
    *,
    folder: Path,
    jobs: int = 0,
    time_limit: float = 120.0,
    largest: int = LARGEST,
    memory: int = MEMORY,
) -> AsyncGenerator[StoredHistory, None]:
    """Read histories and yield each, in the order of the files; close the iterator to stop early.

    A few small files are read in this process, which costs no start of another one; what a file may hold is bounded
    there more narrowly. A file that is too much for the process that reads it fails alone.

    Args:
        files: The files.
        folder: Existing folder that the binary ones go into.
        jobs: Number of processes; 0: one for each processor.
        time_limit: Longest time in seconds that the reading of one file may take.
        largest: How many bytes a history may have, packed and unpacked.
        memory: How many bytes of memory a process may have.

    Raises:
        RigError: A process cannot be started, or the folder cannot be written to.
    """
    requests = deque(
        ReadRequest(file=file, binary=folder.absolute() / f"{number:06}.pb", largest=largest)
        for number, file in enumerate(files)
    )
    async with contextlib.aclosing(_answers(requests, folder, jobs, time_limit, memory)) as answers:
        async for answer in answers:
            if answer.disk:
                raise RigError(f"{answer.disk}; free some room")
            yield answer.history


async def _answers(
    requests: deque[ReadRequest], folder: Path, jobs: int, time_limit: float, memory: int
) -> AsyncGenerator[ReadAnswer, None]:
    jobs = min(jobs or (os.cpu_count() or 1), len(requests))
    pool = _Pool(jobs, log=folder / "reading.log", time_limit=time_limit, memory=memory)
    try:
        if sum(_size(request) for request in requests) <= _SMALL_FILES:
            events = 0
            while requests and events < _SMALL_EVENTS:
                request = requests.popleft()
                answer = _read_here(request) or await pool.ask(request)
                events += answer.history.events
                yield answer
                await asyncio.sleep(0)
        under_way: deque[asyncio.Task[ReadAnswer]] = deque()
        while requests or under_way:
            while requests and len(under_way) < _AHEAD:
                under_way.append(pool.start(requests.popleft()))
            yield await under_way.popleft()
    finally:
        await pool.stop()


def _size(request: ReadRequest) -> int:
    try:
        return request.file.path.stat().st_size
    except OSError:
        return 0


def _read_here(request: ReadRequest) -> ReadAnswer | None:
    """Return the answer, or None if the file holds too much for this process."""
    narrow = min(request.largest, _SMALL_FILE)
    answer = read_one(dataclasses.replace(request, largest=narrow))
    return None if answer.too_large and narrow < request.largest else answer


class _Pool:
    """Processes that read histories, started when they are needed and gone after ``stop``."""

    def __init__(self, jobs: int, *, log: Path, time_limit: float, memory: int) -> None:
        self._idle: asyncio.Queue[_Reader] = asyncio.Queue()
        self._readers = [_Reader(log=log, time_limit=time_limit, memory=memory) for _ in range(jobs)]
        self._tasks: set[asyncio.Task[ReadAnswer]] = set()
        for reader in self._readers:
            self._idle.put_nowait(reader)

    def start(self, request: ReadRequest) -> asyncio.Task[ReadAnswer]:
        task = asyncio.create_task(self.ask(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ask(self, request: ReadRequest) -> ReadAnswer:
        reader = await self._idle.get()
        try:
            return await reader.ask(request)
        finally:
            self._idle.put_nowait(reader)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for reader in self._readers:
            await reader.stop()


class _Reader:
    """One process that reads histories; a new one takes its place when a file was too much for it."""

    def __init__(self, *, log: Path, time_limit: float, memory: int) -> None:
        self._time_limit = time_limit
        self._channel = ChildChannel(
            "harness.histories.reading", log=log, address_space=memory, longest=_LONGEST_ANSWER
        )

    async def ask(self, request: ReadRequest) -> ReadAnswer:
        if not self._channel.started:
            await self._start()
        try:
            return decoded_answer(await self._channel.ask(encoded(request), limit=self._time_limit))
        except NoAnswerError as error:
            await self._channel.stop()
            return ReadAnswer(history=unread(request.file, self._lost(request.file.shown, error)))

    async def stop(self) -> None:
        await self._channel.stop()

    async def _start(self) -> None:
        try:
            await self._channel.start()
            ready = await self._channel.receive(limit=_START_LIMIT)
        except (OSError, NoAnswerError) as error:
            raise RigError(
                f"a process that reads histories did not start: {error}", log=self._channel.log_tail()
            ) from error
        if ready != READY:
            raise RigError("a process that reads histories did not start", log=self._channel.log_tail())

    def _lost(self, shown: str, error: NoAnswerError) -> str:
        if error.why == "slow":
            return f"the reading of {shown} took longer than {self._time_limit:g} s"
        if error.why == "too long":
            return f"{shown} has names that are too long"
        return f"the process that read {shown} ended over it ({_ending(error.status)})"


def _ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
