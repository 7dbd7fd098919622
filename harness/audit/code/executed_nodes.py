"""Which syntax nodes run when a piece of code runs, and which of them stand apart: nested functions, type checking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from astroid import nodes

from harness.audit.code.astroid_nodes import children


def walk(piece: nodes.NodeNG, *, without: Set[nodes.NodeNG] = frozenset()) -> Iterator[nodes.NodeNG]:
    """Yield the nodes that run when a function's body, a lambda's, a module's or any other node's code runs.

    Args:
        piece: The piece of code.
        without: Nodes that are known not to run, with all below them.
    """
    stack = list(_first(piece))[::-1]
    while stack:
        node = stack.pop()
        if node in without:
            continue
        yield node
        stack.extend(list(below(node))[::-1])


def _first(piece: nodes.NodeNG) -> Iterable[nodes.NodeNG]:
    if isinstance(piece, nodes.FunctionDef | nodes.Module):
        return piece.body
    if isinstance(piece, nodes.Lambda):
        return [piece.body]
    return [piece]


def below(node: nodes.NodeNG) -> Iterable[nodes.NodeNG]:
    """Return those nodes directly below this one that run together with it."""
    match node:
        case nodes.FunctionDef():
            return [*(node.decorators.nodes if node.decorators else []), *_defaults(node)]
        case nodes.Lambda():
            return _defaults(node)
        case nodes.If():
            if is_main(node.test):
                return []
            return node.orelse if is_type_checking(node.test) else children(node)
        case nodes.AnnAssign():
            return [node.target, *([node.value] if node.value else [])]
    return children(node)


def _defaults(node: nodes.Lambda | nodes.FunctionDef) -> list[nodes.NodeNG]:
    given = [*(node.args.defaults or []), *(node.args.kw_defaults or [])]
    return [each for each in given if each is not None]


def is_type_checking(test: nodes.NodeNG) -> bool:
    """Tell whether a condition is `TYPE_CHECKING`."""
    return (getattr(test, "attrname", "") or getattr(test, "name", "")) == "TYPE_CHECKING"


def is_main(test: nodes.NodeNG) -> bool:
    """Tell whether a condition is `__name__ == "__main__"`."""
    return isinstance(test, nodes.Compare) and getattr(test.left, "name", "") == "__name__"


def own_nodes(function: Any, kind: Any) -> Iterator[Any]:
    """Yield the nodes of a kind in a function's body, from the top down, without those of functions defined in it.

    Other than for `walk`, the body of a lambda is part of it: it runs on behalf of what it is handed to.
    """
    waiting: list[Any] = list(reversed(function.body)) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        if not isinstance(node, nodes.FunctionDef | nodes.ClassDef):
            waiting += reversed(children(node))
