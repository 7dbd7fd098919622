"""The code of a worker: the files of its program and of its workflows, with all of the project that they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.processes.command import command_words
from harness.records.scenario import Scenario


def code_of(scenarios: Sequence[Scenario], *, cwd: Path) -> tuple[str, ...]:
    """Return the files of the code of workers, relative to the folder that they run in; none where none is found.

    Imports are read and followed, and nothing is imported. What lies outside of the folder is not the project's own.

    Args:
        scenarios: The scenarios.
        cwd: The folder.
    """
    files: dict[Path, None] = {}
    left = [file for scenario in scenarios for file in _programs(scenario, cwd)]
    while left:
        file = left.pop()
        if file not in files:
            files[file] = None
            left += _imported(file, cwd)
    return tuple(str(file.relative_to(cwd)) for file in sorted(files))


def _programs(scenario: Scenario, cwd: Path) -> Iterator[Path]:
    for module in scenario.work.modules:
        yield from _file_of(module.partition(":")[0], cwd)
    try:
        words = command_words(scenario.worker)
    except UsageError:
        return
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "-m":
            yield from _file_of(following, cwd)
        elif word.endswith(".py") and (cwd / word).is_file() and (cwd / word).resolve().is_relative_to(cwd):
            yield (cwd / word).resolve()


def _file_of(module: str, cwd: Path) -> Iterator[Path]:
    """Yield the file of a module, where it lies in the folder."""
    place = cwd.joinpath(*module.split("."))
    for file in (place.with_suffix(".py"), place / "__main__.py", place / "__init__.py"):
        if module and file.is_file():
            yield file
            return


def _imported(file: Path, cwd: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = _package(file, node.level, cwd) if node.level else ""
            module = ".".join(filter(None, [package, node.module or ""]))
            names = [module, *(f"{module}.{alias.name}".strip(".") for alias in node.names)]
        for name in names:
            yield from _file_of(name, cwd)
            yield from _file_of(name, file.parent)  # a program's own folder comes first on the path


def _package(file: Path, level: int, cwd: Path) -> str:
    parts = file.parent.relative_to(cwd).parts
    return ".".join(parts[: len(parts) - level + 1])
