"""A process that crashproof started: killed with all it started, never left behind.

Each has a keeper (``keeper.py``) that sees to it that nothing stays: not when the process is killed, and not when
crashproof ends or dies, however it does. ``kill_all`` runs when crashproof ends, and waits until all is gone.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import KilledError, RigError, UsageError, nearest
from harness.processes import tree
from harness.processes.kept_process import KeptProcess, NotStartedError
from harness.records.withheld import secret_values, text_without

_KEEPER = str(Path(__file__).with_name("keeper.py"))
_TAIL_BYTES = 64 * 1024
_BEGIN_LIMIT = 60.0  # seconds for a process to begin, on a machine that is busy
GONE_LIMIT = 60.0
"""Seconds for a killed process to disappear, on a machine that is busy."""


class Process:
    """A running command in a session and process group of its own, with its output in files.

    Attributes:
        name: What it is called in messages and in the names of its log files.
        pid: Process id.
        out: File of its standard output.
        err: File of its standard error.

    Args:
        kept: The process, which has begun.
        name: As the attribute.
        offsets: Its two log files, of standard output and of standard error, with their sizes when it started.
        environment: What it was started with: no secret of it is shown.
    """

    def __init__(
        self, kept: KeptProcess, *, name: str, offsets: Mapping[Path, int], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.pid = kept.pid
        self.out, self.err = offsets
        self._kept = kept
        self._offsets = dict(offsets)
        self._secrets = secret_values(environment)
        _registry.add(self)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        name: str,
        logs: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """Start a command.

        Its standard input is ``/dev/null``; its output is appended to ``<logs>/<name>.out`` and ``<logs>/<name>.err``.
        A file that is no program the machine can run shows as exit status 127 and a line in its log.

        Args:
            command: The program and its arguments.
            name: As the attribute.
            logs: Folder of the log files, made if missing.
            env: The whole environment; that of crashproof where None.
            cwd: Folder to run in.
            pass_fds: Descriptors that stay open in it.

        Raises:
            UsageError: The command is not found or not executable, or the folder to run in is missing.
            KilledError: It was killed before it began.
            RigError: It does not begin.
        """
        environment = dict(os.environ if env is None else env)
        file = find_command(command, path=environment.get("PATH", os.defpath), cwd=cwd)
        logs.mkdir(parents=True, exist_ok=True)
        out, err = logs / f"{name}.out", logs / f"{name}.err"
        control, keepers_end = socket.socketpair()
        with keepers_end, out.open("ab") as out_file, err.open("ab") as err_file:
            offsets = {out: out_file.tell(), err: err_file.tell()}
            popen = subprocess.Popen(
                _launch(keepers_end.fileno(), file, command, environment),
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                env=environment,
                cwd=cwd,
                start_new_session=True,
                pass_fds=(*pass_fds, keepers_end.fileno()),
            )
        kept = KeptProcess(control, keeper=popen)
        try:
            await kept.begin(limit=_BEGIN_LIMIT)
        except NotStartedError as error:
            kind = KilledError if kept.lost else RigError
            raise kind(f"{name} cannot be started: {error} (pid {popen.pid})") from error
        return cls(kept, name=name, offsets=offsets, environment=environment)

    def __repr__(self) -> str:
        status = self.exit_status
        return f"<Process {self.name} {self.pid} {'running' if status is None else f'exit status {status}'}>"

    @property
    def alive(self) -> bool:
        """Whether the command itself still runs."""
        return self.exit_status is None

    @property
    def exit_status(self) -> int | None:
        """Exit status, the negative number of the signal that ended it, or None while it runs."""
        self._kept.listen()
        return self._kept.status

    def why_ended(self, what: str) -> RigError:
        """Return the error that it has ended, which nobody here wanted.

        Args:
            what: What it is to the user.

        Returns:
            A KilledError where it was killed with SIGKILL.
        """
        named = f"{what} (pid {self.pid})"
        if self._kept.lost:
            keeper = self._kept.keeper_pid
            return KilledError(f"{named} died since somebody killed its keeper (pid {keeper}), the process above it")
        if self.exit_status == -signal.SIGKILL:
            words = "was killed with SIGKILL, not by crashproof: by somebody else, or for want of memory"
            return KilledError(f"{named} {words}")
        return RigError(f"{named} ended by itself with exit status {self.exit_status}", log=self.log_tail())

    async def wait(self) -> int:
        """Wait until the command has ended and return its exit status."""
        await self._kept.exited.wait()
        assert self._kept.status is not None
        return self._kept.status

    def kill_now(self) -> None:
        """Send SIGKILL to the process group, have all that has left it killed too, and return at once."""
        self.signal_group(signal.SIGKILL)
        self._kept.end()

    async def kill(self) -> None:
        """Send SIGKILL and wait until the process and everything that it started are gone.

        Raises:
            RigError: One of them does not die.
        """
        self.kill_now()
        try:
            async with asyncio.timeout(GONE_LIMIT):
                await self._kept.gone.wait()
        except TimeoutError:
            names = f"{self.name} (pid {self.pid}), or what it started,"
            raise RigError(f"{names} did not die within {GONE_LIMIT:.0f} s of SIGKILL") from None
        _registry.remove(self)

    async def terminate(self, *, grace: float) -> int:
        """Send SIGTERM to the process group, kill what is left after ``grace`` seconds, and return the exit status.

        Raises:
            RigError: As for ``kill``.
        """
        if self.alive:
            self.signal_group(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self.wait()
        await self.kill()
        return await self.wait()

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that it wrote since its start, without secrets: its output, then its errors."""
        err = self._written(self.err)[-lines:]
        out = self._written(self.out)[-(lines - len(err)) :] if len(err) < lines else []
        return text_without(self._secrets, "\n".join([*out, *err]))

    def _written(self, path: Path) -> list[str]:
        with contextlib.suppress(OSError), path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._offsets[path], size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
        return []

    def pids(self) -> list[int]:
        """Return the ids of the process and of all living ones that it has started, wherever they have gone.

        Without ``/proc`` it is that of the process.
        """
        if self._kept.gone.is_set():
            return []
        return [seen.pid for seen in tree.descendants(self._kept.keeper_pid)] or [self.pid]

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process group, if the command itself still runs: its id is its own until then."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process group at once, and then to all that has left it."""
        self.signal_group(number)
        self._kept.signal(number)


class _Registry:
    """Every process that has not been seen to be gone, in the order in which they were started."""

    def __init__(self) -> None:
        self._processes: dict[Process, None] = {}

    def add(self, process: Process) -> None:
        self._processes = {known: None for known in self._processes if not known._kept.gone.is_set()} | {process: None}

    def remove(self, process: Process) -> None:
        self._processes.pop(process, None)

    def alive(self) -> list[Process]:
        return [process for process in self._processes if process.alive]

    def kill_all(self) -> None:
        for process in self._processes:
            process.kill_now()
        deadline = time.monotonic() + GONE_LIMIT
        while self._processes:
            self._processes.popitem()[0]._kept.wait_until_gone(deadline=deadline)

    def start_anew(self) -> None:
        """In a forked copy of crashproof, own nothing: the end of each socket must be that of the original."""
        for process in self._processes:
            process._kept.let_go()
        self._processes.clear()


_registry = _Registry()
atexit.register(_registry.kill_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.start_anew)


def kill_all() -> None:
    """Kill every process started here and all that they started, and wait until they are gone.

    Runs by itself when crashproof ends; a caller that leaves by ``os._exit`` calls it first.
    """
    _registry.kill_all()


def started() -> list[int]:
    """Return the ids of the processes that were started here and still run, without what they have started.

    They come in the order in which they were started.
    """
    return [process.pid for process in _registry.alive()]


def find_command(command: Sequence[str], *, path: str, cwd: Path | None = None) -> str:
    """Return the file that a command runs.

    Args:
        command: The program and its arguments.
        path: Folders to look in, as in the variable PATH, for a program named without a folder.
        cwd: Folder that a relative name starts from.

    Raises:
        UsageError: It is not found or not executable, or ``cwd`` is missing.
    """
    if not command or not command[0]:
        raise UsageError("the command is empty; give a program and its arguments")
    if cwd is not None and not cwd.is_dir():
        raise UsageError(f"the folder to run {command[0]!r} in does not exist: {cwd}")
    program = command[0]
    if os.sep in program:
        file = Path(cwd or ".", program)
        if not file.is_file():
            raise UsageError(f"command not found: there is no file {str(file)!r}")
        if not os.access(file, os.X_OK):
            raise UsageError(f"the command {str(file)!r} is not executable; allow it with `chmod +x`")
        return str(file.absolute())
    located = shutil.which(program, path=path)
    if located is None:
        is_here = Path(cwd or ".", program).is_file()
        run = f"python {program}" if program.endswith(".py") else f"./{program}"
        hint = f"; the file here is run by {run!r}" if is_here else nearest(program, _programs(path))
        raise UsageError(f"command not found on PATH: {program!r}{hint}")
    return os.path.abspath(located)


def _programs(path: str) -> set[str]:
    names: set[str] = set()
    for folder in path.split(os.pathsep):
        with contextlib.suppress(OSError):
            names.update(os.listdir(folder or "."))
    return names


def _launch(control: int, file: str, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    locale = "set" if "LC_CTYPE" in environment else "unset"
    return [sys.executable, "-I", "-S", _KEEPER, str(control), locale, file, *command]
