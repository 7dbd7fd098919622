"""A child process of crashproof's own that answers messages over its pipes, in their order and within limits.

::

    ChildChannel  ── message ─▶  standard input  ─▶  ChannelToParent.read
     (crashproof)  ◀─ answer ──  standard output ◀─  ChannelToParent.answer      (the child's program)

A message is bytes of any form and travels behind its length. The child's program is a module with a function ``main``
that begins with ``open_channel``. It ends when standard input does, when crashproof dies, and when it is stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import struct
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal

from harness.errors import RigError
from harness.processes.forkserver.children import ForkedChild
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import GONE_LIMIT
from harness.processes.tie import die_with_parent

_LENGTH = struct.Struct(">Q")
_PROGRAM = str(Path(__file__).with_name("child_program.py"))
_LOG_SHOWN = 4000
_UNREAD = 1024 * 1024


Fork = Callable[[Sequence[str]], Awaitable[ForkedChild]]
"""Forks a child process that runs a command, or raises ColdStartError (``harness.processes.forkserver.children``)."""


class NoAnswerError(Exception):
    """A child process gave no answer. It is of no more use, and has to be stopped.

    Attributes:
        why: ``slow``: not within the time limit. ``ended``: the process ended. ``too long``: longer than allowed.
        status: Exit status of a process that ended, the negative number of the signal that killed it.
    """

    def __init__(self, why: Literal["slow", "ended", "too long"], *, status: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


class ChildChannel:
    """Starts a child process, asks it one thing after the other, and kills it with all that it started.

    It can be started again once it is stopped.

    Args:
        module: The child's program, a module of crashproof.
        log: File that its standard error is appended to; None: it goes where crashproof's goes.
        memory: How many bytes of memory it may have; 0: any. What only is reserved, and not written to, does not count.
        address_space: How many bytes of address space it may have; 0: any. What only is reserved counts, too.
        longest: How many bytes an answer may have.
        cwd: Folder in which it runs; None: that of crashproof.
        environment: Its environment; None: that of crashproof.
        fork: Forks it, with the same log, folder and environment; where it cannot, or is None, it is started by itself.
    """

    def __init__(
        self,
        module: str,
        *,
        log: Path | None = None,
        memory: int = 0,
        address_space: int = 0,
        longest: int = 64 * 1024 * 1024,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        fork: Fork | None = None,
    ) -> None:
        self.log = log
        self.longest = longest
        self._command = (sys.executable, "-P", _PROGRAM, module, str(memory), str(address_space))
        self._cwd = cwd
        self._environment = environment
        self._fork = fork
        self._process: _Executed | ForkedChild | None = None

    @property
    def pid(self) -> int:
        """Process id; 0 while it is not started."""
        return self._process.pid if self._process else 0

    @property
    def started(self) -> bool:
        """Whether it was started and is not stopped; it may have ended by itself."""
        return self._process is not None

    async def start(self) -> None:
        """Start the process.

        Raises:
            OSError: It cannot be started, or its log cannot be written.
        """
        if self._fork:
            with contextlib.suppress(ColdStartError):
                self._process = await self._fork(self._command)
                return
        await self._execute()

    async def ask(self, message: bytes, *, limit: float | None) -> bytes:
        """Send a message and return the answer to it.

        Args:
            message: The message, not empty.
            limit: Seconds that this may take; None: any time.

        Raises:
            NoAnswerError: There is none.
        """
        try:
            async with asyncio.timeout(limit):
                await self.send(message)
                return await self._read()
        except TimeoutError:
            raise NoAnswerError("slow") from None

    async def send(self, message: bytes) -> None:
        """Send a message without waiting for its answer, so that the process has it when it has answered the last."""
        if self._process is None:
            return
        # A broken pipe shows as an answer that never comes.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(_LENGTH.pack(len(message)) + message)
            await self._process.stdin.drain()

    async def receive(self, *, limit: float | None) -> bytes:
        """Return the answer to the message that was sent first of those that are not answered yet.

        Raises:
            NoAnswerError: As for ``ask``.
        """
        try:
            async with asyncio.timeout(limit):
                return await self._read()
        except TimeoutError:
            raise NoAnswerError("slow") from None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all of its group, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Kill the process with its group, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(TimeoutError, RigError):  # it does not die, and is killed again in the end
                await process.stop()

    def log_tail(self) -> str:
        """Return the end of its log."""
        return log_tail(self.log) if self.log else ""

    async def _execute(self) -> None:
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(self.log.open("ab")) if self.log else None
            starting = asyncio.ensure_future(
                asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    cwd=self._cwd,
                    env=self._environment,
                    start_new_session=True,
                )
            )
            try:
                self._process = _Executed(await asyncio.shield(starting))
            except asyncio.CancelledError:
                # A start that is cancelled half way may wait for ever on Python 3.11 for the process that it kills.
                self._process = _Executed(await starting)
                raise

    async def _read(self) -> bytes:
        process = self._process
        if process is None:
            raise NoAnswerError("ended")
        try:
            (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            if length > self.longest:
                raise NoAnswerError("too long")
            return await process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise NoAnswerError("ended", status=await process.wait()) from None


class _Executed:
    """A child process that was started by itself."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self.stdin = process.stdin
        self.stdout = process.stdout
        self._process = process

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.stdin.close()
        # What it wrote and nobody has read would keep asyncio from seeing that it has ended.
        async with asyncio.timeout(GONE_LIMIT):
            while await self.stdout.read(_UNREAD):
                pass
            await self.wait()


def log_tail(log: Path) -> str:
    """Return the end of a log; nothing if there is none."""
    try:
        return log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:]
    except OSError:
        return ""


class ChannelToParent:
    """The child's end of the channel."""

    def __init__(self, *, messages: IO[bytes], answers: IO[bytes]) -> None:
        self._messages = messages
        self._answers = answers

    def read(self) -> bytes:
        """Wait for the next message and return it; empty: there are no more."""
        head = self._messages.read(_LENGTH.size)
        return self._messages.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""

    def answer(self, message: bytes) -> None:
        """Send the answer to the message that was read first of those that are not answered yet."""
        self._answers.write(_LENGTH.pack(len(message)) + message)
        self._answers.flush()


def open_channel() -> ChannelToParent:
    """Bind this process to its parent and to its limits, and return its end of the channel.

    What is printed goes to standard error from then on, and standard input is empty: code that is loaded later may
    read, write and close what it takes for them.
    """
    die_with_parent()
    _limit(memory=int(sys.argv[2]), address_space=int(sys.argv[3]))
    messages, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return ChannelToParent(messages=messages, answers=answers)


def _limit(*, memory: int, address_space: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_AS, address_space)):
        with contextlib.suppress(OSError, ValueError):  # not every system has it
            if limit:
                resource.setrlimit(kind, (limit, limit))
