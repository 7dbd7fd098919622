"""The outline of a file, read without resolving names: what it imports, declares to Temporal, and starts by name."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.audit.code.modules import ModuleFinder, name_of, root_of
from harness.audit.code.source import SourceFile, parsed, read


@dataclass(frozen=True, kw_only=True)
class FileOutline:
    """What a file says at first sight.

    Attributes:
        reason: Why it cannot be parsed; empty if it can.
        imports: The modules that it may import, anywhere in it: dots of a relative import, name, names taken from it.
        declares: Types of activities and workflows that it may declare.
        starts: Types of activities and workflows that it may start by name.
    """

    reason: str = ""
    imports: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    declares: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()


def outline_of(source: SourceFile) -> FileOutline:
    """Return the outline of a file."""
    if source.reason:
        return FileOutline(reason=source.reason)
    tree = parsed(source.text)
    if isinstance(tree, str):
        return FileOutline(reason=tree)
    imports = tuple(_imports(tree))
    if not source.speaks:
        return FileOutline(imports=imports)
    declares: set[str] = set()
    starts: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            declares.add(node.name)
            declares |= {text for each in node.decorator_list for text in _texts(each)}
        elif isinstance(node, ast.Call) and node.args and _called(node).startswith(("execute_", "start_")):
            starts |= set(_texts(node.args[0]))
    return FileOutline(imports=imports, declares=tuple(sorted(declares)), starts=tuple(sorted(starts)))


def _imports(tree: ast.Module) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            yield from ((0, each.name, ()) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(each.name for each in node.names)
        else:
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                below = getattr(node, part, ())
                if isinstance(below, list):
                    stack.extend(below)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def imported(outline: FileOutline, path: Path, finder: ModuleFinder) -> set[Path]:
    """Return the files that a file imports, as far as they belong to no installed package."""
    files: set[Path] = set()
    for level, module, names in outline.imports:
        name = _absolute(path, level, module) if level else module
        for each in (name, *(f"{name}.{below}" for below in names)):
            target = finder.find(each, path)
            if target and target != path and not finder.is_installed(target):
                files.add(target)
    return files


def with_imported(start: Path, imports_of: Callable[[Path], set[Path]]) -> set[Path]:
    """Return a file, what it imports, what that imports, and so on; ``imports_of`` tells what one file imports."""
    files, left = {start}, [start]
    while left:
        new = imports_of(left.pop()) - files
        files |= new
        left += new
    return files


def program_of(path: Path, finder: ModuleFinder) -> set[Path]:
    """Return the files of the program that begins with this one, as far as they belong to no installed package."""
    return with_imported(path, lambda each: imported(outline_of(read(each)), each, finder))


def _absolute(path: Path, level: int, module: str) -> str:
    parts = name_of(path, root_of(path)).split(".")
    drop = level - 1 if path.name == "__init__.py" else level
    parts = parts[: len(parts) - drop] if drop else parts
    return ".".join([*parts, *([module] if module else [])])
