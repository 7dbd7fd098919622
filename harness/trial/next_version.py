"""The next version of a worker: its command, or the code of a git revision in a folder of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from harness.errors import UsageError, nearest
from harness.processes.command import WorkerCode, command_words, environment, is_installed_here
from harness.processes.process import find_command
from harness.records.scenario import Scenario

_GIT = "git:"


def look_at_next_version(text: str) -> None:
    """Look whether what names a next version can be one, before anything is started.

    Raises:
        UsageError: It is no command, or one of a file or module that is not there, or git knows no such revision of the
            code in the current folder.
    """
    if text.startswith(_GIT):
        _commit(text)
    elif text:
        words = command_words(text)
        try:
            find_command(words, path=environment({})["PATH"])
        except UsageError as error:
            raise UsageError(f"--next {text}: {error}") from error
        if is_installed_here(text) and Path(words[0]).name.startswith("python"):
            _look_at_code(text, words[1:])


def _look_at_code(text: str, arguments: list[str]) -> None:
    """Look whether the file or module is there that Python is to run; with options before it, nothing is known."""
    program, *rest = arguments or ["-"]
    if program.endswith(".py") and not Path(program).is_file():
        near = nearest(Path(program).name, [file.name for file in Path(program).parent.glob("*.py")])
        raise UsageError(f"--next {text}: there is no file {program!r}{near}")
    if program == "-m" and rest and not _is_module(rest[0]):
        raise UsageError(f"--next {text}: there is no module {rest[0]!r} in {Path.cwd()}, and none is installed")


def _is_module(name: str) -> bool:
    """Tell whether a module can be found, without importing anything."""
    folders: Sequence[str] | None = [os.getcwd(), *sys.path]
    for at, _ in enumerate(name.split("."), 1):
        spec = PathFinder.find_spec(".".join(name.split(".")[:at]), folders) if folders else None
        if spec is None:
            return False
        folders = spec.submodule_search_locations
    return True


def next_version(scenario: Scenario, *, folder: Path) -> WorkerCode | None:
    """Return the next version of a scenario's worker; None where it has none.

    The code of a git revision is unpacked below ``folder`` once; neither the repository nor its work tree is changed.

    Raises:
        UsageError: As ``look_at_next_version``.
    """
    if not scenario.next.startswith(_GIT):
        return WorkerCode(words=tuple(command_words(scenario.next))) if scenario.next else None
    commit = _commit(scenario.next)
    code = folder / f"code-{commit[:12]}"
    if not code.is_dir():
        _unpack(commit, code)
    top, prefix = _git("rev-parse", "--show-toplevel").strip(), _git("rev-parse", "--show-prefix").strip()
    words = [word.replace(f"{top}/", f"{code.resolve()}/", 1) for word in command_words(scenario.worker)]
    here = code / prefix
    if not here.is_dir():
        raise UsageError(f"{scenario.next} has no folder {here.relative_to(code)}, in which the worker is run")
    return WorkerCode(words=tuple(words), folder=here.resolve())


def _commit(text: str) -> str:
    revision = text.removeprefix(_GIT)
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except subprocess.CalledProcessError as error:
        raise UsageError(f"--next {text}: git knows no revision {revision!r} of the code in {Path.cwd()}") from error
    except OSError as error:
        raise UsageError(f"--next {text} needs git: {error}") from error


def _unpack(commit: str, folder: Path) -> None:
    """Unpack all code of a commit; the folder is there once it is whole."""
    top = _git("rev-parse", "--show-toplevel").strip()
    archive = subprocess.run(["git", "-C", top, "archive", "--format=tar", commit], capture_output=True, check=True)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(unfinished, filter="data")
    os.replace(unfinished, folder)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "--no-optional-locks", *arguments], capture_output=True, text=True, check=True)
    return done.stdout
