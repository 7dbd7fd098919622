"""What a program imports that another Python runs than crashproof's: that one is asked, its packages are others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.processes.forkserver.imports import Imports
from harness.processes.forkserver.program import ColdStartError, PythonProgram
from harness.processes.process import Process

_LIMIT = 60.0  # seconds for the reading, on a machine that is busy
_READER = str(Path(__file__).with_name("imports.py"))
_PROGRAM = (
    "import sys; sys.version_info < (3, 10) and sys.exit('its Python is older than 3.10'); "
    "sys.path[:] = filter(None, sys.path); "
    "import runpy; runpy.run_path(sys.argv[1])['main'](*sys.argv[2:])"
)


async def foreign_imports(
    program: PythonProgram, *, name: str, logs: Path, env: Mapping[str, str], cwd: Path
) -> Imports:
    """Have the interpreter of a program read what that imports.

    Args:
        program: The program.
        name: Name of the process that reads.
        logs: Folder of its log files.
        env: The environment in which the program runs.
        cwd: The folder in which it runs.

    Raises:
        ColdStartError: The interpreter cannot; the message says why.
        RigError, UsageError: It does not start.
    """
    script = str(cwd / program.script) if program.script else ""
    given = [program.module, script, str(program.root(cwd))]
    command = [program.interpreter, *program.flags, "-c", _PROGRAM, _READER, *given]
    process = await Process.start(command, name=name, logs=logs, env=env, cwd=cwd)
    try:
        async with asyncio.timeout(_LIMIT):
            status = await process.wait()
    except TimeoutError:
        raise ColdStartError(f"{program.interpreter} did not read what it imports within {_LIMIT:g} s") from None
    finally:
        await process.kill()
    lines = process.out.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        read: Any = json.loads(lines[-1]) if lines and not status else None
        return Imports(
            installed=tuple(read["installed"]),
            own=frozenset(read["own"]),
            sets=frozenset(read["sets"]),
            folders=tuple(read["folders"]),
            unsure=read["unsure"],
        )
    except (ValueError, TypeError, KeyError):
        said = process.log_tail(1).strip() or f"exit status {status}"
        raise ColdStartError(f"{program.interpreter} cannot read what it imports: {said}") from None
