"""A command is read as a Python program, or it is started cold."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.processes.forkserver.program import ColdStartError, PythonProgram, python_program

PATH = os.path.dirname(sys.executable)


def read(folder: Path, *command: str) -> PythonProgram:
    return python_program(command, path=os.pathsep.join([PATH, os.environ["PATH"]]), cwd=folder)


def test_a_module_with_flags_and_arguments(tmp_path: Path) -> None:
    found = read(tmp_path, "python", "-u", "-X", "dev", "-Wignore", "-m", "app.worker", "-m", "x")
    assert (found.interpreter, found.flags) == ("python", ("-u", "-X", "dev", "-Wignore"))
    assert (found.module, found.script, found.arguments) == ("app.worker", "", ("-m", "x"))
    assert found.root(tmp_path) == tmp_path.resolve()


def test_a_script(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "worker.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "app" / "worker.py")
    found = read(tmp_path, sys.executable, "app/worker.py", "--port", "1")
    assert (found.module, found.script, found.arguments) == ("", "app/worker.py", ("--port", "1"))
    assert found.root(tmp_path) == read(tmp_path, "python3", "link.py").root(tmp_path) == tmp_path.resolve() / "app"


def test_another_python_is_told_from_the_one_that_runs_crashproof(tmp_path: Path) -> None:
    (tmp_path / "python3.12").symlink_to(sys.executable)
    assert not read(tmp_path, "./python3.12", "-m", "app").own
    assert read(tmp_path, sys.executable, "-m", "app").own


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["sh", "-c", "python -m app"], "sh is no Python by its name"),
        (["uv-of-no-machine", "run", "worker.py"], "command not found"),
        (["./other/pypy", "-m", "app"], "./other/pypy is no Python by its name"),
        (["python", "-c", "pass"], "the flag -c of Python"),
        (["python", "-i", "-m", "app"], "the flag -i of Python"),
        (["python", "-S", "-m", "app"], "the flag -S of Python"),
        (["python", "-X"], "the flag -X of Python"),
        (["python", "-m"], "neither a module nor a file"),
        (["python", "gone.py"], "neither a module nor a file"),
        (["python", "other"], "neither a module nor a file"),
        (["python", "-"], "the flag - of Python"),
        (["python"], "neither a module nor a file"),
    ],
)
def test_what_is_started_cold(tmp_path: Path, command: list[str], reason: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pypy").symlink_to(sys.executable)
    with pytest.raises(ColdStartError, match=reason):
        read(tmp_path, *command)
