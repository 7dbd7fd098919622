"""A fork server as crashproof holds it: a process that has imported a worker's installed modules, and forks workers.

A worker process forked from a fork server is ready in a fraction of the time of a cold start, which is mostly imports.
It imports its own modules itself. What passes between crashproof and a fork server's process (``child.py``), one JSON
message each::

    crashproof ──modules, own, sets, installed, environment──▶ fork server      once
               ◀──────────── ready | unfit: why ──────────────
               ──number, command, environment, logs──────────▶              for each worker
               ◀──── started: pid | refused: why ────────────
               ◀──── ended: exit status ─────────────────────
               ──reap: pid───────────────────────────────────▶
               ◀──── learned: modules | unfit: why ──────────              of what it imported late
               ──late: modules───────────────────────────────▶              that another one has learned

Whatever cannot be forked rightly is started cold: nothing depends on a fork server but speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harness.processes import watchdog
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import Process

_READY_LIMIT = 60.0  # seconds for the imports
_FORK_LIMIT = 10.0  # seconds for one fork
_MESSAGE_BYTES = 1 << 20


class Forked:
    """A worker process of a fork server, as ``Process`` wants a child to be."""

    def __init__(self, fork_server: ForkServer, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.ended: int | None = None
        self.lost = False
        self._fork_server = fork_server
        self._seen = watchdog.look(pid)

    def poll(self) -> int | None:
        """Return the exit status if it has ended. It is reaped with that, so its id may then become another's."""
        if self.returncode is None:
            self._fork_server.listen()
            if self.ended is not None:
                self.returncode = self.ended
                self._fork_server.reap(self.pid)
            elif self._fork_server.gone and not (self._seen and watchdog.is_there(self._seen)):
                self.returncode = -signal.SIGKILL  # it died with its fork server
                self.lost = True
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status as soon as it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not within ``timeout`` seconds.
        """
        deadline = time.monotonic() + (timeout or 0)
        while (status := self.poll()) is None:
            if timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self._fork_server.wait_a_little()
        return status


class ForkServer:
    """One fork server process, and the channel to it.

    Attributes:
        process: The process.
        gone: Whether it has ended.
        unfit: Why it forks no more since it has learned; empty while it does.
        learned: Modules that workers imported late, and that it has imported since.
    """

    def __init__(self, process: Process, channel: socket.socket) -> None:
        self.process = process
        self.gone = False
        self.unfit = ""
        self.learned: list[str] = []
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._number = 0
        self._starting: dict[int, asyncio.Future[Forked | str]] = {}
        self._children: dict[int, Forked] = {}
        channel.setblocking(False)
        self._loop.add_reader(channel, self.listen)

    async def prepare(self, wanted: Mapping[str, Any]) -> None:
        """Have it import the modules.

        Raises:
            ColdStartError: It is not fit to be forked.
        """
        self._send(wanted)
        try:
            async with asyncio.timeout(_READY_LIMIT):
                answer = await self._ready
        except TimeoutError:
            raise ColdStartError(f"the imports took more than {_READY_LIMIT:g} s") from None
        if "unfit" in answer:
            raise ColdStartError(answer["unfit"])

    async def fork(self, job: Mapping[str, Any]) -> Forked:
        """Have it fork a worker.

        Raises:
            ColdStartError: It cannot.
        """
        self._number += 1
        number = self._number
        future: asyncio.Future[Forked | str] = self._loop.create_future()
        self._starting[number] = future
        self._send({"number": number, **job})
        try:
            done, _ = await asyncio.wait({future}, timeout=_FORK_LIMIT)
        except asyncio.CancelledError:
            if future.done():
                answer = future.result()
                if isinstance(answer, Forked):
                    self._drop(answer)
            raise
        finally:
            self._starting.pop(number, None)
        started: Forked | str = future.result() if done else f"no worker was forked within {_FORK_LIMIT:g} s"
        if isinstance(started, str):
            raise ColdStartError(started)
        return started

    def teach(self, modules: Sequence[str]) -> None:
        """Have it import what another fork server has learned, before it forks again."""
        if new := [name for name in dict.fromkeys(modules) if name not in self.learned]:
            self.learned += new
            with contextlib.suppress(ColdStartError):
                self._send({"late": new})

    def listen(self) -> None:
        """Take every message that has come."""
        while not self.gone:
            try:
                received = self._channel.recv(_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                received = b""
            if received:
                self._take(json.loads(received))
            else:
                self._end()

    def wait_a_little(self) -> None:
        """Block until a message comes, but not for long."""
        if self.gone:
            time.sleep(0.005)
        else:
            select.select([self._channel], [], [], 0.05)

    def reap(self, pid: int) -> None:
        """Let go of the id of a worker that has ended."""
        self._children.pop(pid, None)
        with contextlib.suppress(ColdStartError):
            self._send({"reap": pid})

    async def close(self) -> None:
        """End it, and with it what it has forked."""
        await self.process.kill()
        self._end()
        self._channel.close()

    def _take(self, message: dict[str, Any]) -> None:
        if "started" in message:
            forked = self._children[message["started"]] = Forked(self, message["started"])
            if not self._answer(message["number"], forked):
                self._drop(forked)
        elif "refused" in message:
            self._answer(message["number"], message["refused"])
        elif "ended" in message:
            child = self._children.get(message["pid"])
            if child is None:
                self.reap(message["pid"])
                self._answer(message["number"], f"it died with exit status {message['ended']} before it began")
            else:
                child.ended = message["ended"]
        elif "learned" in message:
            self.learned += message["learned"]
        elif not self._ready.done():
            self._ready.set_result(message)
        else:
            self.unfit = message["unfit"]

    def _answer(self, number: int, answer: Forked | str) -> bool:
        """Answer who waits for that worker, and tell whether anybody does."""
        future = self._starting.get(number)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True

    def _drop(self, forked: Forked) -> None:
        """Kill a worker that nobody waits for any more."""
        self._children.pop(forked.pid, None)
        if forked.ended is not None:
            self.reap(forked.pid)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(forked.pid, signal.SIGKILL)

    def _end(self) -> None:
        if self.gone:
            return
        self.gone = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._channel)
            if not self._ready.done():
                self._ready.set_result({"unfit": f"the fork server ended: {self.process.log_tail(3)}"})
            for number in self._starting:
                self._answer(number, "the fork server ended")

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._channel.send(json.dumps(message).encode())
        except OSError as error:
            raise ColdStartError(f"the fork server cannot be told: {error}") from error
