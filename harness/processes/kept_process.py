"""A process below its keeper, as crashproof holds it: what ``keeper.py`` tells, and what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import socket
import subprocess
import time


class NotStartedError(Exception):
    """The process did not begin; the message says why."""


class KeptProcess:
    """One end of the socket to a keeper, the other end of which that keeper alone holds.

    Attributes:
        pid: Id of the kept process, which is its group and its session too; 0 until it has begun.
        keeper_pid: Id of the keeper, as long as ``gone`` is not set.
        status: Exit status, the negative number of the signal that ended it; None: it runs.
        lost: Whether its keeper was killed, and with it the process, so that its exit status says nothing.
        exited: Set once it has ended.
        gone: Set once nothing lives any more of all that was below the keeper.

    Args:
        control: Crashproof's end of the socket.
        keeper: The keeper's own process, where it is a child of crashproof: it is reaped at its end.
    """

    def __init__(self, control: socket.socket, *, keeper: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = 0
        self.keeper_pid = 0
        self.status: int | None = None
        self.lost = False
        self.exited = asyncio.Event()
        self.gone = asyncio.Event()
        self._refused = ""
        self._begun = asyncio.Event()
        self._control = control
        self._keeper = keeper
        self._received = b""
        self._loop = asyncio.get_running_loop()
        control.setblocking(False)
        self._loop.add_reader(control, self.listen)

    async def begin(self, *, limit: float) -> None:
        """Wait until the process has begun, for ``limit`` seconds at most; else nothing of it is left.

        Raises:
            NotStartedError: It has not.
        """
        try:
            async with asyncio.timeout(limit):
                await self._begun.wait()
            if not self.pid:
                raise NotStartedError(self._refused or f"it ended with exit status {self.status} before it began")
        except TimeoutError:
            self.end()
            raise NotStartedError(f"it did not begin within {limit:g} s") from None
        except BaseException:
            self.end()
            raise

    def listen(self) -> None:
        """Take all that the keeper has told by now."""
        while not self.gone.is_set():
            try:
                received = self._control.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                received = b""
            self._received += received
            *lines, self._received = self._received.split(b"\n")
            for line in lines:
                self._take(line.decode())
            if not received:
                self._close()

    def signal(self, number: signal.Signals) -> None:
        """Have the keeper send a signal to all that is below it, the process and what it has started."""
        with contextlib.suppress(OSError):  # the keeper is gone
            self._control.send(b"signal %d\n" % number)

    def end(self) -> None:
        """Have the keeper kill all that is below it; it is done once ``gone`` is set."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def wait_until_gone(self, *, deadline: float) -> bool:
        """Block until nothing is left; tell whether that was before ``deadline`` on the monotonic clock."""
        self.listen()
        while not self.gone.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            ready = select.poll()
            ready.register(self._control, select.POLLIN)
            ready.poll(left * 1000)
            self.listen()
        return True

    def let_go(self) -> None:
        """In a forked copy of crashproof, close the copied socket: its end must be that of the original."""
        self._control.close()

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "started":
            self.pid, self.keeper_pid = map(int, rest.split())
        elif word == "refused":
            self._refused = rest
        elif word == "ended":
            self._ended(int(rest))
        self._begun.set()

    def _ended(self, status: int) -> None:
        self.status = status
        self.exited.set()

    def _close(self) -> None:
        if self.status is None:
            self.lost = True
            self._ended(-signal.SIGKILL)
        if not self._loop.is_closed():
            self._loop.remove_reader(self._control)
        self._control.close()
        if self._keeper:
            self._keeper.wait()
        self._refused = self._refused or "its keeper was killed"
        self._begun.set()
        self.gone.set()
