"""Where a value is kept: local variables with their uses, attributes, and elements of these."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.destinations import Destination, Uncertainty, ValueReach, ValueStep
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project_records import ReachedCode

ADDS = words("append appendleft extend extendleft insert put_nowait put")
"""Methods that put a value into a list or a queue."""


def local_uses(name: nodes.AssignName, reached: ReachedCode) -> Iterator[nodes.Name]:
    """Yield the places where a local variable is read, in nested functions too."""
    scope = name.scope()
    for use in scope.nodes_of_class(nodes.Name):
        if use.name == name.name and (use.scope() is scope or name.name not in use.scope().locals):
            yield use


def into(
    target: Node, kind: Uncertainty, reached: ReachedCode, *, sorted_later: bool = False
) -> Iterator[ValueStep | Destination]:
    """Follow a value into a variable, an attribute, or an element of one."""
    if isinstance(target, nodes.Tuple | nodes.List):
        for each in target.elts:
            yield from into(each, Uncertainty.VALUE, reached)
    elif isinstance(target, nodes.AssignName | nodes.Name):
        if not (kind is Uncertainty.ORDER and sorted_later):
            name = target if isinstance(target, nodes.AssignName) else _assignment(target)
            if name is not None:
                yield from (ValueStep(use, kind, reached) for use in local_uses(name, reached))
    elif isinstance(target, nodes.AssignAttr | nodes.Attribute):
        yield Destination(reach=ValueReach.AWAY, how=f"is kept in {target.as_string()}", at=target)
    elif isinstance(target, nodes.Subscript):
        yield from into(target.value, Uncertainty.VALUE if kind is not Uncertainty.ORDER else kind, reached)


def _assignment(name: nodes.Name) -> nodes.AssignName | None:
    _, bound = name.lookup(name.name)
    return next((each for each in bound if isinstance(each, nodes.AssignName)), None)


def sorted_at_once(target: Node, statement: Node) -> bool:
    """Tell whether the next statement that uses a list variable sorts it in place."""
    if not isinstance(target, nodes.AssignName):
        return False
    following = statement.next_sibling()
    while following is not None:
        used = [use for use in following.nodes_of_class(nodes.Name) if use.name == target.name]
        if used:
            owner = used[0].parent
            return isinstance(owner, nodes.Attribute) and owner.attrname == "sort"
        following = following.next_sibling()
    return False
