"""Where a syntax node stands: file, line, column and function, as a report shows it."""

from __future__ import annotations

from astroid import nodes

from harness.audit.code.modules import Modules
from harness.records.audit_result import CodePlace


def place_of(node: nodes.NodeNG, modules: Modules, what: str = "") -> CodePlace:
    """Return where a node stands; of a definition where its name stands."""
    module = modules.of(node)
    position = node.position if isinstance(node, nodes.FunctionDef | nodes.ClassDef) else None
    at = position or node
    return CodePlace(
        file=module.file,
        line=at.lineno or 1,
        column=_characters(module.lines, at.lineno, at.col_offset) + 1,
        end_line=at.end_lineno or 0,
        end_column=_characters(module.lines, at.end_lineno, at.end_col_offset) + 1 if at.end_lineno else 0,
        function=function_of(node),
        what=what,
    )


def _characters(lines: tuple[str, ...], line: int | None, offset: int | None) -> int:
    """Return an offset in characters: the parser counts bytes."""
    if not line or not offset:
        return 0
    text = lines[line - 1] if line <= len(lines) else ""
    return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))


def function_of(node: nodes.NodeNG) -> str:
    """Return the qualified name of the function or class that a node stands in, without its module."""
    names: list[str] = []
    above: nodes.NodeNG | None = node
    while above is not None:
        if isinstance(above, nodes.FunctionDef | nodes.ClassDef):
            names.append(above.name)
        above = above.parent
    return ".".join(reversed(names))
