"""A fork server as crashproof holds it: a process that has imported a worker's installed modules, and forks workers.

A worker process forked from a fork server is ready in a fraction of the time of a cold start, which is mostly imports.
It imports its own modules itself. What passes between crashproof and a fork server's process (``child.py``), one JSON
message each::

    crashproof ──modules, own, sets, installed, environment──▶ fork server      once
               ◀──────────── ready | unfit: why ──────────────
               ──command, environment, logs, a socket────────▶              for each worker
               ◀──── learned: modules | unfit: why ──────────              of what it imported late
               ──late: modules───────────────────────────────▶              that another one has learned

Over that socket the worker's keeper, which is forked with it, tells all else: see ``keeper.py``. A worker does not die
with its fork server. Whatever cannot be forked rightly is started cold: nothing depends on a fork server but speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.processes.forkserver.program import ColdStartError
from harness.processes.kept_process import KeptProcess, NotStartedError
from harness.processes.process import Process

_READY_LIMIT = 60.0  # seconds for the imports
_FORK_LIMIT = 60.0  # seconds for one fork, on a machine that is busy
_MESSAGE_BYTES = 1 << 20
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What a fork server's process is told once, as ``imported.py`` reads it.

    Attributes:
        modules: What it imports, in this order.
        learns: Whether it imports what its forks have imported late.
        own: Top-level names of modules of users: it imports none of them.
        sets: Environment variables that the program itself sets.
        installed: Folders whose modules may be shared.
        environment: The environment it was started with.
    """

    modules: Sequence[str]
    learns: bool
    own: Sequence[str]
    sets: Sequence[str]
    installed: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ForkRequest:
    """What a fork is to become, as ``child.py`` reads it.

    Attributes:
        command: The whole command that a start of its own would have.
        module: The module that it runs as its main program; empty: the script.
        script: The file that it runs.
        arguments: Arguments of its program.
        root: First folder of its import path.
        cwd: Folder to run in.
        environment: Its whole environment.
        out: File that its standard output is appended to.
        err: File that its standard error is appended to.
        puts_root_first: Whether its program puts the root first, whatever the flags of the interpreter say.
        afresh: Top-level names of modules that it imports itself: it is refused where one of them is imported already.
        teaches: Whether its fork server is to import what it imports late.
    """

    command: Sequence[str]
    module: str
    script: str
    arguments: Sequence[str]
    root: str
    cwd: str
    environment: Mapping[str, str]
    out: str
    err: str
    puts_root_first: bool = False
    afresh: Sequence[str] = ()
    teaches: bool = True


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
        channel.setblocking(False)
        self._loop.add_reader(channel, self.listen)

    @classmethod
    async def begin(
        cls, interpreter: str, *, flags: Sequence[str], name: str, logs: Path, env: Mapping[str, str], cwd: Path
    ) -> ForkServer:
        """Start the process, which imports nothing yet.

        Args:
            interpreter: The Python that runs it, and what it forks.
            flags: Flags of that.
            name: Name of the process.
            logs: Folder of its log files.
            env: Its whole environment.
            cwd: Folder to run in.

        Raises:
            UsageError, RigError: As ``Process.start``.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                process = await Process.start(
                    [interpreter, *flags, str(_CHILD), str(theirs.fileno())],
                    name=name,
                    logs=logs,
                    env=env,
                    cwd=cwd,
                    pass_fds=(theirs.fileno(),),
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    async def prepare(self, wanted: Preparation) -> None:
        """Have it import the modules.

        Raises:
            ColdStartError: It is not fit to be forked.
        """
        self._send(vars(wanted))
        try:
            async with asyncio.timeout(_READY_LIMIT):
                answer = await self._ready
        except TimeoutError:
            raise ColdStartError(f"the imports took more than {_READY_LIMIT:g} s") from None
        if "unfit" in answer:
            raise ColdStartError(answer["unfit"])

    async def fork(self, request: ForkRequest, *, standard: socket.socket | None = None) -> KeptProcess:
        """Have it fork a worker.

        Args:
            request: What the fork is to become.
            standard: What the worker's standard input and output become; None: nothing, and a log.

        Raises:
            ColdStartError: It cannot.
        """
        control, keepers_end = socket.socketpair()
        kept = KeptProcess(control)
        try:
            with keepers_end:
                self._send(vars(request), keepers_end.fileno(), *([standard.fileno()] if standard else []))
            await kept.begin(limit=_FORK_LIMIT)
        except NotStartedError as error:
            self.listen()
            raise ColdStartError("the fork server ended" if self.gone else str(error)) from error
        finally:
            if not kept.pid:
                kept.end()
        return kept

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
            if not received:
                self._end()
            else:
                self._take(json.loads(received))

    async def close(self) -> None:
        """End it, and with it what it has forked."""
        await self.process.kill()
        self._end()
        self._channel.close()

    def _take(self, message: dict[str, Any]) -> None:
        if "learned" in message:
            self.learned += message["learned"]
        elif not self._ready.done():
            self._ready.set_result(message)
        else:
            self.unfit = message["unfit"]

    def _end(self) -> None:
        if self.gone:
            return
        self.gone = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._channel)
            if not self._ready.done():
                self._ready.set_result({"unfit": f"the fork server ended: {self.process.log_tail(3)}"})

    def _send(self, message: Mapping[str, Any], *descriptors: int) -> None:
        try:
            socket.send_fds(self._channel, [json.dumps(message).encode()], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            raise ColdStartError("the fork server ended") from None
        except OSError as error:
            raise ColdStartError(f"the fork server cannot be told: {error}") from error
