"""Access to parts of astroid's syntax nodes, with the types that they have in trees made from source text."""

from __future__ import annotations

from typing import Any, TypeAlias

from astroid import nodes

Node: TypeAlias = Any
"""A node that is asked for attributes which astroid's common class of nodes does not declare."""


def elements(node: Any) -> list[nodes.NodeNG]:
    """Return the elements of a list, tuple or set as written."""
    return list(node.elts)


def children(node: Any) -> list[nodes.NodeNG]:
    """Return the nodes directly below."""
    return list(node.get_children())


def bound_in(scope: Any, name: str) -> list[nodes.NodeNG]:
    """Return what binds a name in a module, class or function."""
    return list(scope.locals.get(name, ()))


def items(node: Any) -> list[tuple[nodes.NodeNG, nodes.NodeNG]]:
    """Return the keys and values of a dictionary as written."""
    return list(node.items)


def keyword_value(call: nodes.Call, name: str) -> Any:
    """Return what a call is given by a name; None where it is given nothing by it."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def looped_over(node: Any) -> nodes.NodeNG:
    """Return what a loop or comprehension goes through."""
    iterated: nodes.NodeNG = node.iter
    return iterated


def in_brackets(node: nodes.Subscript) -> list[nodes.NodeNG]:
    """Return what stands in `x[…]`, one node for each comma."""
    return elements(node.slice) if isinstance(node.slice, nodes.Tuple) else [node.slice]
