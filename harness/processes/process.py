"""A process that crashproof started: known by pid and start time, killed with all it started, never left behind.

Three things see to it that nothing stays. ``kill_all`` runs when crashproof ends. PR_SET_PDEATHSIG (Linux) kills the
process itself when crashproof dies by kill -9. The watchdog then kills what that process had started.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Protocol

import psutil

from harness.errors import RigError, UsageError, nearest
from harness.processes import watchdog

_LINUX = sys.platform.startswith("linux")
_HERE = Path(__file__).parent
_TAIL_BYTES = 64 * 1024
_GONE_LIMIT = 10.0  # seconds for a killed process to disappear

_numbers = count(1)


class Child(Protocol):
    """A started process, as ``subprocess.Popen`` shows it.

    As long as ``returncode`` is None its id is given to no other process.
    """

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Return the exit status if it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status as soon as it has ended."""


class Process:
    """A running command in a session and process group of its own, with its output in files.

    Start it from the main thread: the tie to the life of crashproof is to that of the thread.

    Attributes:
        name: What it is called in messages and in the names of its log files.
        pid: Process id.
        started_at: Start time in seconds since the epoch, as psutil has it.
        out: File of its standard output.
        err: File of its standard error.
    """

    def __init__(self, child: Child, *, name: str, marker: str, out: Path, err: Path) -> None:
        self.name = name
        self.pid = child.pid
        self.started_at = psutil.Process(child.pid).create_time()
        self.out = out
        self.err = err
        self._child = child
        self._marker = marker
        self._seen = watchdog.look(child.pid)
        self._offsets = {out: 0, err: 0}
        self._exited = asyncio.Event()

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
            env: The whole environment; that of crashproof where None. The marker of the run is added.
            cwd: Folder to run in.
            pass_fds: Descriptors that stay open in it.

        Raises:
            UsageError: The command is not found or not executable, or the folder to run in is missing.
        """
        environment = dict(os.environ if env is None else env)
        file = find_command(command, path=environment.get("PATH", os.defpath), cwd=cwd)
        logs.mkdir(parents=True, exist_ok=True)
        out, err = logs / f"{name}.out", logs / f"{name}.err"
        marker = new_marker()
        with out.open("ab") as out_file, err.open("ab") as err_file:
            popen = subprocess.Popen(
                _launch(file, command, environment),
                executable=None if _LINUX else file,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                env={**environment, watchdog.MARKER: marker},
                cwd=cwd,
                start_new_session=True,
                pass_fds=pass_fds,
            )
            process = cls(popen, name=name, marker=marker, out=out, err=err)
            process._offsets = {out: out_file.tell(), err: err_file.tell()}
        return process._registered()

    @classmethod
    def adopt(cls, child: Child, *, name: str, marker: str, offsets: Mapping[Path, int]) -> Process:
        """Take charge of a process that was started in another way, in a session of its own.

        Args:
            child: The process.
            name: As the attribute.
            marker: What its environment holds in the variable ``watchdog.MARKER``; from ``new_marker``.
            offsets: Its two log files, of standard output and of standard error, with their sizes when it started.
        """
        out, err = offsets
        process = cls(child, name=name, marker=marker, out=out, err=err)
        process._offsets = dict(offsets)
        return process._registered()

    def __repr__(self) -> str:
        status = self.exit_status
        return f"<Process {self.name} {self.pid} {'running' if status is None else f'exit status {status}'}>"

    @property
    def alive(self) -> bool:
        """Whether the command itself still runs."""
        return self.exit_status is None

    @property
    def lost(self) -> bool:
        """Whether it ended because the process that it was forked from did, so that its exit status says nothing."""
        return getattr(self._child, "lost", False)

    @property
    def exit_status(self) -> int | None:
        """Exit status, the negative number of the signal that ended it, or None while it runs."""
        return self._child.poll()

    async def wait(self) -> int:
        """Wait until the command has ended and return its exit status."""
        await self._exited.wait()
        return self._child.wait()

    def kill_now(self) -> None:
        """Send SIGKILL to the process group and to all descendants, and return at once.

        The group is stopped first: that is the exact moment, and nothing can start or escape while it is looked over.
        """
        if not self.alive:
            # Its id may belong to another process by now, so only the marker tells what it left behind.
            watchdog.kill_marked(self._marker, limit=0)
            return
        self.signal_group(signal.SIGSTOP)
        below = _descendants(self.pid)
        self.signal_group(signal.SIGKILL)
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()

    async def kill(self) -> None:
        """Send SIGKILL and wait until the process and everything that it started are gone.

        Raises:
            RigError: One of them does not die.
        """
        self.kill_now()
        try:
            async with asyncio.timeout(_GONE_LIMIT):
                await self.wait()
        except TimeoutError:
            raise RigError(f"{self.name} (pid {self.pid}) did not die within {_GONE_LIMIT:.0f} s of SIGKILL") from None
        left = await asyncio.to_thread(watchdog.kill_marked, self._marker)
        if left:
            pids = ", ".join(str(seen.pid) for seen in left)
            raise RigError(f"what {self.name} started does not die of SIGKILL: pid {pids}")

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
        return self._child.wait()

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that it wrote since it was started: standard error, before it standard output."""
        err = self._written(self.err)[-lines:]
        out = self._written(self.out)[-(lines - len(err)) :] if len(err) < lines else []
        return "\n".join([*out, *err])

    def _written(self, path: Path) -> list[str]:
        with contextlib.suppress(OSError), path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._offsets[path], size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
        return []

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process group; its id is its own as long as the command is not reaped."""
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _registered(self) -> Process:
        _registry.add(self)
        self._follow()
        return self

    def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        if not hasattr(os, "pidfd_open"):
            self._polling = loop.create_task(self._poll())
            return
        descriptor = os.pidfd_open(self.pid)

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            if self.alive:  # the exit status of a process that another one started comes a little later
                self._polling = loop.create_task(self._poll())
            else:
                self._reap()

        loop.add_reader(descriptor, ended)

    async def _poll(self) -> None:
        while self.alive:
            await asyncio.sleep(0.01)
        self._reap()

    def _reap(self) -> None:
        self._child.wait()
        _registry.remove(self)
        self._exited.set()


class _Registry:
    """Every process that has not been seen to end, and the watchdog that is told of each."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self._processes: dict[int, Process] = {}
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._used = False

    def add(self, process: Process) -> None:
        self._used = True
        self._processes[process.pid] = process
        self._tell(self._line(process))

    def remove(self, process: Process) -> None:
        if self._processes.pop(process.pid, None) is not None:
            self._tell(f"-{process.pid}\n")

    def kill_all(self) -> None:
        if not self._used:
            return
        for process in list(self._processes.values()):
            process.kill_now()
        watchdog.kill_marked(f"{self.run}.")
        for process in list(self._processes.values()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process._child.wait(_GONE_LIMIT)
                self.remove(process)

    def start_anew(self) -> None:
        """In a forked copy of crashproof, own nothing and let go of the pipe: its end must be that of the original."""
        self._inherited = (self._processes, self._watchdog)
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
        self._watchdog = None
        self._processes = {}
        self._used = False
        self.run = secrets.token_hex(8)

    def _line(self, process: Process) -> str:
        return f"+{process.pid} {process._seen.start if process._seen else 0}\n"

    def _tell(self, line: str) -> None:
        try:
            if self._watchdog is not None:
                self._write(line)
                return
        except BrokenPipeError:  # somebody killed the watchdog
            pass
        self._watchdog = self._start()
        self._write("".join(self._line(process) for process in self._processes.values()))

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_HERE / "watchdog.py"), self.run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={key: value for key, value in os.environ.items() if key != watchdog.MARKER},
            bufsize=0,
            start_new_session=True,
        )

    def _write(self, lines: str) -> None:
        assert self._watchdog is not None
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(lines.encode())


_registry = _Registry()
atexit.register(_registry.kill_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.start_anew)


def new_marker() -> str:
    """Return what the environment of the next process holds in the variable ``watchdog.MARKER``."""
    return f"{_registry.run}.{next(_numbers)}"


def kill_all() -> None:
    """Kill every process started here and all that they started, and wait until they are gone.

    Runs by itself when crashproof ends; a caller that leaves by ``os._exit`` calls it first.
    """
    _registry.kill_all()


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
        hint = nearest(program, _programs(path))
        raise UsageError(f"command not found on PATH: {program!r}{hint}")
    return os.path.abspath(located)


def _programs(path: str) -> set[str]:
    names: set[str] = set()
    for folder in path.split(os.pathsep):
        with contextlib.suppress(OSError):
            names.update(os.listdir(folder or "."))
    return names


def _launch(file: str, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    if not _LINUX:
        return list(command)
    locale = "set" if "LC_CTYPE" in environment else "unset"
    return [sys.executable, "-I", "-S", str(_HERE / "launch.py"), str(os.getpid()), locale, file, *command]


def _descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []
