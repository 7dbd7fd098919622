"""The ``crashproof`` command as the tests run it: in a process of its own, in a folder of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests import ROOT
from tests.unit.report.shapes import OF_COMMAND, unlike

AGENTS = ROOT / "tests" / "agents"
LIMIT = 240.0
GONE_WITHIN = 60.0  # seconds for what a command has left, on a busy machine
STRUCK = ".crashproof/runs/2*/trials/*/logs/worker-2.err"
"""Logs of workers of struck trials."""

COMMAND = [sys.executable, "-c", "from harness.cli import main; main()"]

HOLDING = """
import pathlib, signal, time

def answer(effect):
    signal.setitimer(signal.ITIMER_REAL, 0)  # it may take longer than a script may
    while len([*pathlib.Path({folder!r}).glob({files!r})]) >= {least} and not pathlib.Path({let_go!r}).exists():
        time.sleep(0.02)
    return {{}}
"""
"""A script of effects that answers none from the moment at which there are some files, until it is let go."""

MARKER = "CRASHPROOF_TEST_COMMAND"
"""Environment variable by which everything that one command started is known, orphans and daemons too."""


_IN_PROC = Path("/proc/self/environ").is_file()


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Running:
    """A command under way in its folder."""

    process: subprocess.Popen[bytes]
    cwd: Path

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until a condition holds while the command runs, and return what it gave."""
        deadline = time.monotonic() + LIMIT
        while not (found := condition()):
            assert self.process.poll() is None, f"the command ended first: {self.done()}"
            assert time.monotonic() < deadline, f"it did not come about: {self.done()}"
            time.sleep(0.02)
        return found

    def under_way(self) -> dict[str, psutil.Process]:
        """Wait until a worker process of a struck trial runs, and return the processes that matter, by kind."""
        self.until(lambda: list(self.cwd.glob(STRUCK)))
        return self.until(self._family)  # type: ignore[no-any-return]

    def _family(self) -> dict[str, psutil.Process]:
        lines = {process: " ".join(_words(process)) for process in marked(self.cwd)}
        lines = {process: line for process, line in lines.items() if "keeper.py" not in line}
        kinds = {"server": "start-dev", "worker": "agents/"}
        found = {kind: process for kind, sign in kinds.items() for process, line in lines.items() if sign in line}
        return found if found.keys() == kinds.keys() else {}

    def left(self) -> list[str]:
        """Return the command lines of what the ended command has left after a while."""
        deadline = time.monotonic() + GONE_WITHIN
        while (found := marked(self.cwd)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return [" ".join(_words(process)) for process in found]

    def done(self) -> Done:
        return Done(
            self.process.returncode if self.process.returncode is not None else -1,
            (self.cwd / "out").read_text(),
            (self.cwd / "err").read_text(),
        )


def worker_options(agent: str, *, workflow: str, task_queue: str, argument: str = '"ash"') -> list[str]:
    worker = f"{sys.executable} {AGENTS / agent}.py"
    return ["--worker", worker, "--workflow", workflow, "--task-queue", task_queue, "--input", argument]


MARKING = worker_options("hard_coded", workflow="Marking", task_queue="fixed")


def holding(cwd: Path, *, files: str, least: int = 1) -> tuple[list[str], Path]:
    """Have the effects of a run held from a moment on, so that it is not over before the test has done what it is to.

    Args:
        cwd: Folder of the run.
        files: Pattern of files in it.
        least: As many of these there are at that moment.

    Returns:
        Options of the run, and the file that lets it go on.
    """
    let_go = cwd.parent / f"{cwd.name}-let-go"  # a file that appears in the folder of the run is one of the worker's
    script = cwd / "holding.py"
    script.write_text(HOLDING.format(folder=str(cwd), files=files, least=least, let_go=str(let_go)))
    return ["--effects", script.name], let_go


def crashproof(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> Done:
    """Run the command to its end; nothing may be left, no traceback shown, and JSON is as its schema says."""
    with begun(*arguments, cwd=cwd, env=env) as running:
        running.process.wait(LIMIT)
        assert running.left() == []
    done = running.done()
    if (
        arguments
        and arguments[0] in OF_COMMAND
        and ("-o", "json") in itertools.pairwise(arguments)
        and "--explain" not in arguments
    ):
        assert unlike(done.json, OF_COMMAND[arguments[0]]) == []
    assert not any(line.startswith("Traceback") for line in done.err.splitlines()), done.err
    return done


@contextmanager
def begun(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Start the command; whatever is left of it at the end is killed."""
    more = {"PYTHONPATH": str(ROOT), MARKER: str(cwd), **(env or {})}
    # Files instead of pipes: a process left behind would keep a pipe open.
    with (cwd / "out").open("wb") as out, (cwd / "err").open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    try:
        yield Running(process, cwd)
    finally:
        for found in marked(cwd):
            with suppress(psutil.NoSuchProcess):  # its parent went first, and took it along
                found.kill()
        process.wait(LIMIT)


def marked(cwd: Path) -> list[psutil.Process]:
    """Return the living processes that the command of that folder started, and itself."""
    sign, found = f"{MARKER}={cwd}".encode(), []
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):  # gone meanwhile, or of another user
            if sign in _environment(pid):
                found.append(psutil.Process(pid))
    return found


def _environment(pid: int) -> list[bytes]:
    """Return the variables of a living process; who waits asks for those of all processes fifty times a second."""
    if _IN_PROC:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")  # a dead one has none
    process = psutil.Process(pid)
    dead = process.status() == psutil.STATUS_ZOMBIE
    return [] if dead else [f"{name}={value}".encode() for name, value in process.environ().items()]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ["gone"]
