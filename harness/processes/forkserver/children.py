"""Fork servers for crashproof's own child processes that load the code of users, such as those that replay histories.

What such a process imports of installed packages takes it most of a second, and a run of many scenarios starts several
for each of them. So it is forked from a process that has imported that much already, in just the same environment: hash
seed, locale and time zone are those that its interpreter began with. The order of things is:

0. Where only hash seed and time zone tell it from the reference it is forked beside a worker, in a fork server that
   forks workers as well: that one has imported what the worker does, and learns nothing from it.
1. The first process of another environment is started by itself: a run of one scenario needs no more than that one.
   Where it is known that more will be needed it is forked, too.
2. With the second one a fork server is started. It imports what crashproof needs in the child, and no module of users.
3. What its forks import late, of what is installed, it imports before it forks again, as for workers (``child.py``).
4. Has that made it unfit, another one that does not learn takes its place.

Whatever cannot be forked rightly is started by itself. A fork begins with nothing but what was imported: a process
group, a log, limits and random numbers of its own. It dies with its keeper, and that one with crashproof.

What an installed package reads once, as it is imported, is the same in all forks of one environment: the time of day,
or a number drawn. Recorded histories have another one in any case, so a plain replay shows who depends on that. What
it reads so beside a worker is the worker's time zone, too; all other replays of a sweep are asked in their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import RigError, UsageError
from harness.processes.command import command_words
from harness.processes.forkserver.imports import INSTALLED
from harness.processes.forkserver.parent import ForkRequest, ForkServer, Preparation
from harness.processes.forkserver.pool import ForkServers
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import Process

_HARNESS = Path(__file__).parents[2]


class ForkedChild:
    """A forked child process, as ``ChildChannel`` holds it.

    Attributes:
        pid: Process id.
        stdin: Leads to its standard input.
        stdout: Comes from its standard output.
    """

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = process.pid
        self.stdin = writer
        self.stdout = reader
        self._process = process

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all of its group, if it runs."""
        self._process.signal_group(number)

    async def wait(self) -> int:
        """Wait until it has ended, and return its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Kill it with all that it started, and wait until nothing of that is left.

        Raises:
            RigError: It does not die.
        """
        self.stdin.close()
        await self._process.kill()


@dataclass(frozen=True)
class _Kind:
    """What child processes of one fork server have in common.

    Attributes:
        imports: Modules that each of them needs.
        own: Top-level names of modules of users.
        cwd: Folder that they run in.
        environment: Their environment.
    """

    imports: tuple[str, ...]
    own: frozenset[str]
    cwd: Path
    environment: frozenset[tuple[str, str]]


class ChildForks:
    """Forks child processes of crashproof's own, in fork servers that stay until it is closed.

    Args:
        logs: Folder of the log files of the fork servers.
        many: Whether more than one process of an environment will be needed, so that the first is forked, too.
        workers: The fork servers of workers; None: there are none.
    """

    def __init__(self, *, logs: Path, many: bool = False, workers: ForkServers | None = None) -> None:
        self._logs = logs
        self._many = many
        self._workers = workers
        self._asked: set[_Kind] = set()
        self._starting: dict[_Kind, asyncio.Task[ForkServer]] = {}
        self._started: list[ForkServer] = []
        self._numbers = itertools.count(1)

    async def fork(
        self,
        command: Sequence[str],
        *,
        imports: Iterable[str],
        own: Iterable[str],
        log: Path,
        cwd: Path,
        environment: Mapping[str, str],
        worker: str = "",
    ) -> ForkedChild:
        """Fork a child process; its standard input and output are one socket.

        Args:
            command: The interpreter, its flags, a file of Python, and arguments.
            imports: Modules of crashproof's and of installed packages that it needs.
            own: Top-level names of modules of users, which no fork server imports.
            log: File that its standard error is appended to.
            cwd: Folder that it runs in, first on its import path.
            environment: Its whole environment.
            worker: Command of a worker, in a fork server of which it may be forked if there is one of its hash seed;
                empty: of none.

        Raises:
            ColdStartError: It is to be started by itself.
        """
        where: dict[str, Any] = {"log": log, "cwd": cwd, "environment": environment}
        if worker and self._workers:
            with contextlib.suppress(ColdStartError, RigError, UsageError, OSError, ValueError):
                seed = environment.get("PYTHONHASHSEED", "")
                fork_server = await self._workers.beside(command_words(worker), seed=seed, cwd=cwd)
                return await _fork(fork_server, command, afresh=sorted(own), teaches=False, **where)
        kind = _Kind(tuple(imports), frozenset(own), cwd, frozenset(environment.items()))
        if kind not in self._asked and not self._many:
            self._asked.add(kind)
            raise ColdStartError("it is the first of its kind")
        try:
            fork_server = await self._fork_server(kind)
            return await _fork(fork_server, command, **where)
        except (RigError, UsageError, OSError, ValueError) as error:
            raise ColdStartError(str(error)) from error

    async def close(self) -> None:
        """End all fork servers."""
        for task in self._starting.values():
            task.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        await asyncio.gather(*(fork_server.close() for fork_server in self._started))

    async def _fork_server(self, kind: _Kind) -> ForkServer:
        starting = self._starting.get(kind)
        if starting is None:
            starting = self._starting[kind] = asyncio.create_task(self._start(kind, learns=True))
        fork_server = await asyncio.shield(starting)
        if fork_server.unfit and self._starting[kind] is starting:
            self._starting[kind] = asyncio.create_task(self._start(kind, learns=False))
        return await asyncio.shield(self._starting[kind])

    async def _start(self, kind: _Kind, *, learns: bool) -> ForkServer:
        environment = dict(kind.environment)
        fork_server = await ForkServer.begin(
            sys.executable,
            flags=("-P",),
            name=f"child-fork-server-{next(self._numbers)}",
            logs=self._logs,
            env=environment,
            cwd=kind.cwd,
        )
        self._started.append(fork_server)
        await fork_server.prepare(
            Preparation(
                modules=kind.imports,
                learns=learns,
                own=sorted(kind.own),
                sets=(),
                installed=[*INSTALLED, f"{os.path.realpath(_HARNESS)}{os.sep}"],
                environment=environment,
            )
        )
        return fork_server


async def _fork(
    fork_server: ForkServer,
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str],
    afresh: Sequence[str] = (),
    teaches: bool = True,
) -> ForkedChild:
    log = log.absolute()
    request = ForkRequest(
        command=command,
        module="",
        script=command[2],
        arguments=command[3:],
        root=str(cwd),
        puts_root_first=True,
        cwd=str(cwd),
        environment=dict(environment),
        out=str(log),
        err=str(log),
        afresh=afresh,
        teaches=teaches,
    )
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            kept = await fork_server.fork(request, standard=theirs)
        process = Process(kept, name=log.stem, offsets={Path(os.devnull): 0, log: 0}, environment=environment)
        try:
            return ForkedChild(process, *await asyncio.open_connection(sock=ours))
        except BaseException:
            process.kill_now()
            raise
    except BaseException:
        ours.close()
        raise
