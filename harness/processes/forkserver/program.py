"""Commands that a fork server can run: a Python program, under the interpreter that runs crashproof or another."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.processes.process import find_command

_PYTHON = re.compile(r"python[0-9.]*")
_FLAGS = {"-u", "-O", "-OO", "-B", "-b", "-bb", "-s", "-E", "-I", "-P", "-q"}


class ColdStartError(Exception):
    """A worker process cannot be forked and is to be started cold; the message says why."""


@dataclass(frozen=True, kw_only=True)
class PythonProgram:
    """A command that runs a Python program.

    Attributes:
        interpreter: The interpreter, as it stands in the command.
        own: Whether it is the one that runs crashproof; another has packages, and a version, of its own.
        flags: Its flags.
        module: The module to run; empty where a file is run.
        script: The file to run; empty where a module is run.
        arguments: The program's own arguments.
    """

    interpreter: str
    own: bool
    flags: tuple[str, ...]
    module: str
    script: str
    arguments: tuple[str, ...]

    def root(self, cwd: Path) -> Path:
        """Return the folder that comes first on its module search path."""
        return (cwd / self.script).resolve().parent if self.script else cwd.resolve()


def python_program(command: Sequence[str], *, path: str, cwd: Path) -> PythonProgram:
    """Read a command.

    Args:
        command: The program and its arguments.
        path: Folders to look in for the program, as in the variable PATH.
        cwd: Folder it is run in.

    Raises:
        ColdStartError: It is none that a fork server could run.
    """
    try:
        file = find_command(command, path=path, cwd=cwd)
    except UsageError as error:
        raise ColdStartError(str(error)) from error
    if not _PYTHON.fullmatch(os.path.basename(command[0])):
        raise ColdStartError(f"{command[0]} is no Python by its name")
    running = os.path.abspath(sys.executable)
    flags: list[str] = []
    rest = list(command[1:])
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        flag = rest.pop(0)
        if flag in ("-X", "-W") and rest:
            flags += [flag, rest.pop(0)]
        elif flag in _FLAGS or (flag[:2] in ("-X", "-W") and flag[2:]):
            flags.append(flag)
        else:
            raise ColdStartError(f"the flag {flag} of Python asks for a start of its own")
    module = rest[1] if rest[:1] == ["-m"] and len(rest) > 1 else ""
    script = rest[0] if rest and not module else ""
    if not module and not (script.endswith(".py") and (cwd / script).is_file()):
        raise ColdStartError("the command runs neither a module nor a file of Python")
    return PythonProgram(
        interpreter=command[0],
        own=os.path.dirname(file) == os.path.dirname(running) and os.path.samefile(file, running),
        flags=tuple(flags),
        module=module,
        script=script,
        arguments=tuple(rest[2 if module else 1 :]),
    )
