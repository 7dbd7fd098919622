"""The fork servers of a rig: which worker process is forked in which of them, and which is started cold."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import RigError, UsageError
from harness.processes import watchdog
from harness.processes.forkserver.imports import INSTALLED, Imports, imports_of
from harness.processes.forkserver.parent import ForkServer
from harness.processes.forkserver.program import ColdStartError, PythonProgram, python_program
from harness.processes.process import Process, new_marker

SEEDS = ("1", "2")
"""Hash seeds of the fork servers of one program: consecutive worker processes of a trial have different ones."""

OF_A_TRIAL = frozenset(
    {
        "TEMPORAL_ADDRESS",
        "TEMPORAL_NAMESPACE",
        "TEMPORAL_TASK_QUEUE",
        "OPENAI_BASE_URL",
        "ANTHROPIC_BASE_URL",
        "EFFECTS_URL",
    }
)
"""Environment variables that differ from trial to trial: a fork server has none of them."""

_CHILD = Path(__file__).with_name("child.py")


class ForkServers:
    """The fork servers of a rig, each started when it is first needed.

    Args:
        logs: Folder of their log files.
    """

    def __init__(self, *, logs: Path) -> None:
        self._logs = logs
        self._imports: dict[tuple[str, str, Path], Imports] = {}
        self._starting: dict[tuple[object, ...], asyncio.Task[ForkServer]] = {}
        self._started: list[ForkServer] = []

    async def start(
        self, command: Sequence[str], *, number: int, name: str, logs: Path, env: Mapping[str, str]
    ) -> Process:
        """Start a worker process as ``Process.start`` does, by forking.

        Args:
            command: The program and its arguments.
            number: Which worker process of its trial it is.
            name: Name of the process.
            logs: Folder of its log files.
            env: Its whole environment.

        Raises:
            ColdStartError: It is to be started cold.
        """
        cwd = Path.cwd()
        program = python_program(command, path=env.get("PATH", os.defpath), cwd=cwd)
        known = await self._imports_of(program, cwd)
        if known.unsure:
            raise ColdStartError(known.unsure)
        fixed = {key: value for key, value in env.items() if key not in OF_A_TRIAL}
        fork_servers = [self._fork_server(program, cwd, known, {"PYTHONHASHSEED": seed, **fixed}) for seed in SEEDS]
        try:
            fork_server = await asyncio.shield(fork_servers[(number - 1) % len(fork_servers)])
            if fork_server.gone:
                raise ColdStartError("the fork server ended")
            return await self._fork(fork_server, program, command=command, cwd=cwd, name=name, logs=logs, env=env)
        except (RigError, UsageError, OSError, ValueError) as error:
            raise ColdStartError(str(error)) from error

    async def close(self) -> None:
        """End all fork servers."""
        for task in self._starting.values():
            task.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        await asyncio.gather(*(fork_server.close() for fork_server in self._started))

    async def _imports_of(self, program: PythonProgram, cwd: Path) -> Imports:
        key = (program.module, program.script, cwd)
        if key not in self._imports:
            script = cwd / program.script if program.script else None
            self._imports[key] = await asyncio.to_thread(
                imports_of, module=program.module, script=script, root=program.root(cwd)
            )
        return self._imports[key]

    def _fork_server(
        self, program: PythonProgram, cwd: Path, known: Imports, env: dict[str, str]
    ) -> asyncio.Task[ForkServer]:
        """Return the fork server for programs of such imports in such an environment, which may still be starting."""
        key = (
            program.interpreter,
            program.flags,
            cwd,
            frozenset(known.installed),
            known.own,
            known.sets,
            frozenset(env.items()),
        )
        if key not in self._starting:
            number = len(self._starting) + 1
            self._starting[key] = asyncio.create_task(self._start(number, program, cwd, known, env))
            # Who waits for it is told; where nobody does any more, nobody needs to know.
            self._starting[key].add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._starting[key]

    async def _start(
        self, number: int, program: PythonProgram, cwd: Path, known: Imports, env: dict[str, str]
    ) -> ForkServer:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = await Process.start(
                [program.interpreter, *program.flags, str(_CHILD), str(theirs.fileno())],
                name=f"fork-server-{number}",
                logs=self._logs,
                env=env,
                cwd=cwd,
                pass_fds=(theirs.fileno(),),
            )
        fork_server = ForkServer(process, ours)
        self._started.append(fork_server)
        await fork_server.prepare(
            {
                "modules": known.installed,
                "own": sorted(known.own),
                "sets": sorted(known.sets),
                "installed": INSTALLED,
                "environment": env,
            }
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
        marker = new_marker()
        offsets = {file: file.stat().st_size if file.exists() else 0 for file in files}
        forked = await fork_server.fork(
            {
                "command": list(command),
                "module": program.module,
                "script": program.script,
                "arguments": program.arguments,
                "root": str(program.root(cwd)),
                "cwd": str(cwd),
                "environment": {**env, watchdog.MARKER: marker},
                "out": str(files[0]),
                "err": str(files[1]),
            }
        )
        return Process.adopt(forked, name=name, marker=marker, offsets=offsets)
