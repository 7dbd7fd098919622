"""The fork servers of a rig: which worker process is forked in which of them, and which is started cold."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import RigError, UsageError
from harness.processes.forkserver.foreign import foreign_imports
from harness.processes.forkserver.imports import Imports, imports_of
from harness.processes.forkserver.parent import ForkRequest, ForkServer, Preparation
from harness.processes.forkserver.program import ColdStartError, PythonProgram, python_program
from harness.processes.process import Process
from harness.records.placeholders import DOOR_VARIABLES

SEEDS = ("2", "3")
"""Hash seeds of the fork servers of one program: consecutive worker processes of a trial have different ones.

They are two of those under which histories are replayed (``harness.replay.conditions``), for which processes are forked
here, too.
"""

OF_A_TRIAL = frozenset({*DOOR_VARIABLES, "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"})
"""Environment variables that differ from trial to trial: a fork server has none of them, nor those that name a door."""


_WITHOUT_EFFECT = {"-u"}  # flags of an interpreter that change nothing for what is no worker


class _Alike:
    """The fork servers of one program in one environment, one for each hash seed.

    Each is started when it is asked for, and the others once one has forked a second time. What one has learned from
    its workers all others are taught. Does one become unfit by that, another takes its place, and none of these learns
    any more.

    Args:
        start: Starts a fork server with a hash seed; it learns or does not.
    """

    def __init__(self, start: Callable[[str, bool], Coroutine[Any, Any, ForkServer]]) -> None:
        self.starting: dict[str, asyncio.Task[ForkServer]] = {}
        self._start = start
        self._learns = True
        self._forks = 0

    def fork_server(self, number: int) -> asyncio.Task[ForkServer]:
        """Return the fork server for the worker process of that number, which may still be starting."""
        seed = SEEDS[(number - 1) % len(SEEDS)]
        self._have(seed)
        return self.starting[seed]

    def has_forked(self) -> None:
        """Have all fork servers started, and taught, once they will be needed."""
        self._forks += 1
        if self._forks > 1:
            for seed in SEEDS:
                self._have(seed)
        for fork_server in self._ready():
            self.teach(fork_server)

    def teach(self, fork_server: ForkServer) -> None:
        """Have one import what the others have learned."""
        if self._learns:
            fork_server.teach([name for each in self._ready() for name in each.learned])

    def _have(self, seed: str) -> None:
        if self._is_wanted(seed):
            self.starting[seed] = asyncio.create_task(self._start(seed, self._learns))
            # Who waits for it is told; where nobody does any more, nobody needs to know.
            self.starting[seed].add_done_callback(lambda task: task.cancelled() or task.exception())

    def _is_wanted(self, seed: str) -> bool:
        """Tell whether there is none of this seed, or one that is unfit by what it has learned."""
        before = self.starting.get(seed)
        unfit = [each for each in self._ready() if each.unfit]
        self._learns = self._learns and not unfit
        return before is None or any(before.done() and each is before.result() for each in unfit)

    def _ready(self) -> list[ForkServer]:
        tasks = [task for task in self.starting.values() if task.done() and not task.cancelled()]
        return [task.result() for task in tasks if not task.exception()]


class ForkServers:
    """The fork servers of a rig, each started when it is first needed.

    Args:
        logs: Folder of their log files.
    """

    def __init__(self, *, logs: Path) -> None:
        self._logs = logs
        self._imports: dict[tuple[object, ...], asyncio.Task[Imports]] = {}
        self._alike: dict[tuple[object, ...], _Alike] = {}
        self._of_command: dict[tuple[Sequence[str], Path], _Alike] = {}
        self._started: list[ForkServer] = []
        self._numbers = itertools.count(1)

    async def start(
        self,
        command: Sequence[str],
        *,
        number: int,
        name: str,
        logs: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> Process:
        """Start a worker process as ``Process.start`` does, by forking.

        Args:
            command: The program and its arguments.
            number: Which worker process of its trial it is.
            name: Name of the process.
            logs: Folder of its log files.
            env: Its whole environment.
            cwd: Folder to run in; None: the current one.

        Raises:
            ColdStartError: It is to be started cold.
        """
        cwd = cwd or Path.cwd()
        program = python_program(command, path=env.get("PATH", os.defpath), cwd=cwd)
        alike = await self._alike_for(program, cwd, env, command=command)

        async def fork() -> Process:
            fork_server = await asyncio.shield(alike.fork_server(number))
            if fork_server.gone:
                raise ColdStartError("the fork server ended")
            alike.teach(fork_server)
            try:
                process = await self._fork(
                    fork_server, program, command=command, cwd=cwd, name=name, logs=logs, env=env
                )
            except ColdStartError:
                if not fork_server.unfit:
                    raise
                return await fork()  # in the one that takes its place
            alike.has_forked()
            return process

        try:
            return await fork()
        except (RigError, UsageError, OSError, ValueError) as error:
            raise ColdStartError(str(error)) from error

    async def warm(self, command: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Have the fork server for the first worker process of a trial ready before it is asked for, if one can be."""
        cwd = Path.cwd()
        with contextlib.suppress(RigError, UsageError, ColdStartError, OSError, ValueError):
            program = python_program(command, path=env.get("PATH", os.defpath), cwd=cwd)
            await asyncio.shield((await self._alike_for(program, cwd, env, command=command)).fork_server(1))

    async def beside(self, command: Sequence[str], *, seed: str, cwd: Path) -> ForkServer:
        """Return the fork server of a worker, for a fork of another kind that has the same interpreter.

        Args:
            command: The program of the worker and its arguments.
            seed: The hash seed.
            cwd: Folder that the worker runs in.

        Raises:
            ColdStartError: There is none.
            RigError, UsageError: It does not start.
        """
        alike = self._of_command.get((tuple(command), cwd))
        if alike is None or seed not in SEEDS:
            raise ColdStartError("no worker is forked there")
        return await asyncio.shield(alike.fork_server(SEEDS.index(seed) + 1))

    async def close(self) -> None:
        """End all fork servers."""
        tasks: list[asyncio.Task[Any]] = [task for alike in self._alike.values() for task in alike.starting.values()]
        tasks += self._imports.values()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(fork_server.close() for fork_server in self._started))

    async def _imports_of(self, program: PythonProgram, cwd: Path, env: Mapping[str, str]) -> Imports:
        key = (program.interpreter, program.flags, program.module, program.script, cwd, env.get("PYTHONPATH"))
        if key not in self._imports:
            self._imports[key] = asyncio.create_task(self._read_imports(program, cwd, env))
        return await asyncio.shield(self._imports[key])

    async def _read_imports(self, program: PythonProgram, cwd: Path, env: Mapping[str, str]) -> Imports:
        if not program.own:
            name = f"imports-{len(self._imports)}"
            return await foreign_imports(program, name=name, logs=self._logs, env=env, cwd=cwd)
        script = cwd / program.script if program.script else None
        return await asyncio.to_thread(imports_of, module=program.module, script=script, root=program.root(cwd))

    async def _alike_for(
        self, program: PythonProgram, cwd: Path, env: Mapping[str, str], *, command: Sequence[str]
    ) -> _Alike:
        known = await self._imports_of(program, cwd, env)
        if known.unsure:
            raise ColdStartError(known.unsure)
        doors = [env[name] for name in DOOR_VARIABLES if "/" in env.get(name, "") or ":" in env.get(name, "")]
        fixed = {
            key: value
            for key, value in env.items()
            if key not in OF_A_TRIAL and not any(door in value for door in doors)
        }
        alike = self._alike_of(program, cwd, known, fixed)
        if program.own and not set(program.flags) - _WITHOUT_EFFECT:
            self._of_command[tuple(command), cwd] = alike
        return alike

    def _alike_of(self, program: PythonProgram, cwd: Path, known: Imports, env: dict[str, str]) -> _Alike:
        """Return the fork servers for programs of such imports in such an environment."""
        key = (
            program.interpreter,
            program.flags,
            cwd,
            frozenset(known.installed),
            known.own,
            known.sets,
            frozenset(env.items()),
        )
        if key not in self._alike:

            async def start(seed: str, learns: bool) -> ForkServer:
                return await self._start(program, cwd, known, {"PYTHONHASHSEED": seed, **env}, learns=learns)

            self._alike[key] = _Alike(start)
        return self._alike[key]

    async def _start(
        self,
        program: PythonProgram,
        cwd: Path,
        known: Imports,
        env: dict[str, str],
        *,
        learns: bool,
    ) -> ForkServer:
        name = f"fork-server-{next(self._numbers)}"
        fork_server = await ForkServer.begin(
            program.interpreter, flags=program.flags, name=name, logs=self._logs, env=env, cwd=cwd
        )
        self._started.append(fork_server)
        await fork_server.prepare(
            Preparation(
                modules=known.installed,
                learns=learns,
                own=sorted(known.own),
                sets=sorted(known.sets),
                installed=known.folders,
                environment=env,
            )
        )
        return fork_server

    async def _fork(
        self,
        fork_server: ForkServer,
        program: PythonProgram,
        *,
        command: Sequence[str],
        cwd: Path,
        name: str,
        logs: Path,
        env: Mapping[str, str],
    ) -> Process:
        logs.mkdir(parents=True, exist_ok=True)
        files = [(logs / f"{name}.{ending}").absolute() for ending in ("out", "err")]
        offsets = {file: file.stat().st_size if file.exists() else 0 for file in files}
        kept = await fork_server.fork(
            ForkRequest(
                command=command,
                module=program.module,
                script=program.script,
                arguments=program.arguments,
                root=str(program.root(cwd)),
                cwd=str(cwd),
                environment=dict(env),
                out=str(files[0]),
                err=str(files[1]),
            )
        )
        return Process(kept, name=name, offsets=offsets, environment=env)
