"""Histories made ready for replay: many files read in processes of their own, each written down in binary form."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from temporalio.api.history.v1 import History

from harness.errors import RigError
from harness.histories.files import HistoryFile
from harness.histories.reading import READY, ReadHistory, ReadRequest, answer_to
from harness.histories.unwrapping import LARGEST

MEMORY = 2 * 1024**3
"""How many bytes of memory a process that reads histories may have."""

_SMALL_FILES = 8 * 1024 * 1024
_SMALL_FILE = 4 * 1024 * 1024
_SMALL_EVENTS = 20_000
_START_LIMIT = 60.0
_LONGEST_ANSWER = 1024 * 1024
_AHEAD = 64
_LOG_SHOWN = 4000


@dataclass(frozen=True, kw_only=True)
class StoredHistory:
    """One history file that has been read.

    Attributes:
        file: The file.
        binary: Where its events are, for ``read_stored``; None if it holds no history.
        workflow_id: Workflow id; a guess from the file's name where it is not known.
        workflow_id_known: Whether it is known. A replay under another one can look like non-determinism.
        run_id: Run id that the first event has.
        workflow: Workflow type.
        task_queue: Task queue that the workflow was started on.
        events: Number of events.
        tasks: Number of workflow tasks that were started.
        closed: Whether the run was closed, rather than cut off or still open.
        failure: Why the file could not be read, with its name; empty if it could.
        content: SHA-256 of the events, in hexadecimal.
    """

    file: HistoryFile
    binary: Path | None = None
    workflow_id: str = ""
    workflow_id_known: bool = False
    run_id: str = ""
    workflow: str = ""
    task_queue: str = ""
    events: int = 0
    tasks: int = 0
    closed: bool = False
    failure: str = ""
    content: str = ""


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
        ReadRequest(
            path=os.path.abspath(file.path),
            shown=file.shown,
            workflow_id=file.workflow_id,
            binary=str(folder.absolute() / f"{number:06}.pb"),
            largest=largest,
        )
        for number, file in enumerate(files)
    )
    waiting = deque(files)
    async with contextlib.aclosing(_answers(requests, folder, jobs, time_limit, memory)) as answers:
        async for request, answer in answers:
            if answer.disk:
                raise RigError(f"{answer.disk}; free some room")
            yield _prepared(waiting.popleft(), Path(request.binary), answer)


def read_stored(path: Path) -> History:
    """Return the events of a binary file that ``read_histories`` has written.

    Raises:
        RigError: It is gone, or was changed.
    """
    try:
        return History.FromString(path.read_bytes())
    except Exception as error:  # protobuf has no one public name for its own
        raise RigError(f"the prepared history {path} cannot be read: {error}") from error


def _prepared(file: HistoryFile, binary: Path, answer: ReadHistory) -> StoredHistory:
    told = {name: getattr(answer, name) for name in ReadHistory.__struct_fields__ if name not in ("too_large", "disk")}
    return StoredHistory(file=file, binary=None if answer.failure else binary, **told)


async def _answers(
    requests: deque[ReadRequest], folder: Path, jobs: int, time_limit: float, memory: int
) -> AsyncGenerator[tuple[ReadRequest, ReadHistory], None]:
    jobs = min(jobs or (os.cpu_count() or 1), len(requests))
    pool = _Pool(jobs, log=folder / "reading.log", time_limit=time_limit, memory=memory)
    try:
        if sum(_size(request) for request in requests) <= _SMALL_FILES:
            events = 0
            while requests and events < _SMALL_EVENTS:
                request = requests.popleft()
                answer = _answer_here(request) or await pool.ask(request)
                events += answer.events
                yield request, answer
                await asyncio.sleep(0)
        under_way: deque[tuple[ReadRequest, asyncio.Task[ReadHistory]]] = deque()
        while requests or under_way:
            while requests and len(under_way) < _AHEAD:
                request = requests.popleft()
                under_way.append((request, pool.start(request)))
            request, task = under_way.popleft()
            yield request, await task
    finally:
        await pool.stop()


def _size(request: ReadRequest) -> int:
    try:
        return os.stat(request.path).st_size
    except OSError:
        return 0


def _answer_here(request: ReadRequest) -> ReadHistory | None:
    """Return the answer, or None if the file holds too much for this process."""
    narrow = min(request.largest, _SMALL_FILE)
    answer = answer_to(msgspec.structs.replace(request, largest=narrow))
    return None if answer.too_large and narrow < request.largest else answer


class _Pool:
    """Processes that read histories, started when they are needed and gone after ``stop``."""

    def __init__(self, jobs: int, *, log: Path, time_limit: float, memory: int) -> None:
        self._idle: asyncio.Queue[_Reader] = asyncio.Queue()
        self._readers = [_Reader(log=log, time_limit=time_limit, memory=memory) for _ in range(jobs)]
        self._tasks: set[asyncio.Task[ReadHistory]] = set()
        for reader in self._readers:
            self._idle.put_nowait(reader)

    def start(self, request: ReadRequest) -> asyncio.Task[ReadHistory]:
        task = asyncio.create_task(self.ask(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ask(self, request: ReadRequest) -> ReadHistory:
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
        self._log = log
        self._time_limit = time_limit
        self._memory = memory
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, request: ReadRequest) -> ReadHistory:
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(self._time_limit):
                line = await _exchange(process, msgspec.json.encode(request) + b"\n")
        except TimeoutError:
            await self.stop()
            return ReadHistory(failure=f"the reading of {request.shown} took longer than {self._time_limit:g} s")
        except ValueError:  # the answer is longer than _LONGEST_ANSWER
            await self.stop()
            return ReadHistory(failure=f"{request.shown} has names that are too long")
        if line.endswith(b"\n"):
            return msgspec.json.decode(line, type=ReadHistory)
        status = await process.wait()
        await self.stop()
        return ReadHistory(failure=f"the process that read {request.shown} ended over it ({_ending(status)})")

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            with self._log.open("ab") as log:
                # -P: what lies in the current folder, a json.py for example, is not imported.
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "harness.histories.reading", str(self._memory)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    limit=_LONGEST_ANSWER,
                    start_new_session=True,
                )
            async with asyncio.timeout(_START_LIMIT):
                line = await _exchange(self._process, b"")
        except (OSError, TimeoutError) as error:
            raise RigError(f"a process that reads histories did not start: {error}", log=self._log_tail()) from error
        if line != READY:
            raise RigError("a process that reads histories did not start", log=self._log_tail())
        return self._process

    def _log_tail(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:]
        except OSError:
            return ""


async def _exchange(process: asyncio.subprocess.Process, sent: bytes) -> bytes:
    """Send a line and return the answer; one that does not end is that of a process that ended."""
    if process.stdin is None or process.stdout is None:
        return b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(sent)
        await process.stdin.drain()
    return await process.stdout.readline()


def _ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
