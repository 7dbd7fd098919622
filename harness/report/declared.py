"""Where a scenario is declared, as a place in a file: what tools that show a finding beside code point at."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path

from harness.records.audit_result import CodePlace
from harness.records.run_record import DeclaredScenario


def declared_place(declared: DeclaredScenario) -> CodePlace | None:
    """Return the line that declares a scenario; of one that options gave, its worker's program; None without either.

    Files are named as they were given, so relative ones are looked for below the current folder.
    """
    if declared.file:
        return CodePlace(file=declared.file, line=_line_of(Path(declared.file), declared.variable), column=0)
    program = _program((declared.options or {}).get("worker") or "")
    return CodePlace(file=program, line=1, column=0) if program else None


def _line_of(file: Path, variable: str) -> int:
    """Return the line of a module that gives a variable its value; the first where that cannot be seen."""
    try:
        module = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return 1
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            return statement.lineno
    return 1


def _program(command: str) -> str:
    """Return the file that a worker's command line runs, or an empty text: ``python -m app.worker``, ``node w.js``."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    for before, word in zip(["", *words], words, strict=False):
        module = Path(*word.split("."))
        candidates = [module.with_suffix(".py"), module / "__main__.py"] if before == "-m" else [Path(word)]
        for file in candidates:
            if file.suffix and not file.is_absolute() and file.is_file():
                return str(file)
    return ""
