"""What the house rules ask of a source file, read once for all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests import ROOT

EMPTY = {"told", "found"}
"""Names of variables that say how a value was come by, and not what it is."""


class Import(NamedTuple):
    """One module that a file imports, wherever in it."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


class Definition(NamedTuple):
    """One class or function, wherever in its file."""

    file: Path
    line: int
    name: str
    is_class: bool

    def __str__(self) -> str:
        return f"{module_of(self.file)}:{self.line}"


class Function(NamedTuple):
    """One function; its docstring does not count as lines."""

    file: Path
    name: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.name} has {self.lines} lines"


class Source(NamedTuple):
    """What the house rules ask of a file: its tree is not kept, those of all files take half a gigabyte."""

    docstring: str
    imports: tuple[Import, ...]
    definitions: tuple[Definition, ...]
    functions: tuple[Function, ...]
    empty_names: tuple[str, ...]
    printing: tuple[str, ...]


@cache
def source_of(file: Path) -> Source:
    """Return what is to be known of a file, which is read once for all rules."""
    return read(file, file.read_text())


def read(file: Path, text: str) -> Source:
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    return Source(
        docstring=ast.get_docstring(tree) or "",
        imports=tuple(each for node in nodes for each in _imports_of(file, node)),
        definitions=tuple(
            Definition(file, node.lineno, node.name, isinstance(node, ast.ClassDef))
            for node in nodes
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        functions=tuple(
            _function(file, node) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        empty_names=tuple(
            f"{module_of(file)}:{node.lineno}"
            for node in nodes
            if isinstance(node, ast.Name | ast.arg | ast.Attribute) and _variable(node).strip("_") in EMPTY
        ),
        printing=tuple(f"{file.relative_to(ROOT)}:{line}" for node in nodes for line in _printing(node)),
    )


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> tuple[Import, ...]:
    return source_of(file).imports


def _imports_of(file: Path, node: ast.AST) -> Iterator[Import]:
    """Yield all imports: in functions, for type checkers only, and by `import_module` of a written-out name too."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(file, node.lineno, alias.name)
    elif isinstance(node, ast.ImportFrom):
        for module in _modules_of(file, node):
            yield Import(file, node.lineno, module)
    elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
        for argument in node.args[:1]:
            if isinstance(argument, ast.Constant):
                yield Import(file, node.lineno, str(argument.value))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _modules_of(file: Path, node: ast.ImportFrom) -> list[str]:
    """Return `a.b` for each name b of `from a import b` that is a module of ours, and `a` for the others."""
    module = node.module or ""
    if node.level:
        package = file.parent.parts[len(ROOT.parts) : len(file.parent.parts) - node.level + 1]
        module = ".".join([*package, module] if module else package)
    folder = ROOT.joinpath(*module.split("."))
    named = [f"{module}.{alias.name}" if _is_module(folder / alias.name) else module for alias in node.names]
    return list(dict.fromkeys(named))


def _is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or path.is_dir()


def _function(file: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node):
        lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
    return Function(file, node.name, node.lineno, lines)


def _printing(node: ast.AST) -> Iterator[int]:
    is_print = isinstance(node, ast.Call) and _called(node) in ("print", "echo")
    if is_print or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr")):
        yield node.lineno


def _variable(node: ast.Name | ast.arg | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else node.attr
