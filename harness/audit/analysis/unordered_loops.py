"""Loops over what comes in unknown order: the commands that they issue, and what they collect or pick."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import consequences
from harness.audit.analysis.destinations import Destination, Uncertainty, ValueReach, ValueStep
from harness.audit.analysis.stored_values import ADDS, into
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode


def looped(project: Project, loop: Node, kind: Uncertainty, reached: ReachedCode) -> Iterator[ValueStep | Destination]:
    """Follow a list, or its order, into a loop over it."""
    if kind is Uncertainty.VALUE or kind is Uncertainty.IDENTITY:
        yield from into(loop.target, Uncertainty.VALUE, reached)
        return
    known = consequences(project)
    for statement in loop.body:
        for command in known.commands_in(statement, reached):
            yield Destination(reach=ValueReach.COMMAND, how=f"decides when {shown(command)} comes", at=command)
    yield from _of_elements(loop, reached)


def shown(node: Node) -> str:
    """Return a command as the message of a finding names it."""
    return f"{node.func.as_string()}()" if isinstance(node, nodes.Call) else node.as_string()


def _of_elements(loop: Node, reached: ReachedCode) -> Iterator[ValueStep | Destination]:
    """Follow what a loop in unknown order collects or picks."""
    names = {each.name for each in loop.target.nodes_of_class(nodes.AssignName)}
    for statement in loop.body:
        for node in statement.nodes_of_class(
            (nodes.Call, nodes.Return, nodes.Yield, nodes.AugAssign, nodes.Assign), nodes.FunctionDef
        ):
            if isinstance(node, nodes.Call):
                if isinstance(node.func, nodes.Attribute) and node.func.attrname in ADDS:
                    yield from into(node.func.expr, Uncertainty.ORDER, reached)
            elif isinstance(node, nodes.Assign):
                for target in node.targets:
                    if isinstance(target, nodes.Subscript):
                        yield from into(target.value, Uncertainty.KEYS, reached)
            elif node.value is not None and _mentions(node.value, names) and not _counts(node, reached):
                if isinstance(node, nodes.AugAssign):
                    yield from into(node.target, Uncertainty.VALUE, reached)
                else:
                    yield ValueStep(node.value, Uncertainty.VALUE, reached)


def _mentions(node: Node, names: set[str]) -> bool:
    return any(each.name in names for each in node.nodes_of_class(nodes.Name))


def _counts(node: Node, reached: ReachedCode) -> bool:
    """Tell whether `total += …` adds numbers, or joins sets, whose order does not matter."""
    if not isinstance(node, nodes.AugAssign):
        return False
    if node.op in ("|=", "&=", "-=", "*=", "^="):
        return True
    value = node.value
    if isinstance(value, nodes.Const):
        return not isinstance(value.value, str)
    return not isinstance(value, nodes.JoinedStr) and not (
        isinstance(value, nodes.Name | nodes.BinOp | nodes.List | nodes.Tuple) and _grows_text(node, reached)
    )


def _grows_text(node: nodes.AugAssign, reached: ReachedCode) -> bool:
    """Tell whether the variable that grows began as a text or a list."""
    if not isinstance(node.target, nodes.AssignName):
        return False
    _, bound = node.target.scope().lookup(node.target.name)
    values = [each.parent.value for each in bound if isinstance(each.parent, nodes.Assign | nodes.AnnAssign)]
    return any(
        isinstance(value, nodes.JoinedStr | nodes.List)
        or (isinstance(value, nodes.Const) and isinstance(value.value, str))
        for value in values
    )
