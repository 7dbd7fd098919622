"""Checks of where code runs: `if workflow.in_workflow():`, and clocks of Temporal with a fallback outside of it.

Functions that serve workflows, activities and plain programs alike ask at run time which of these they are in. What
they do elsewhere is not done here, however it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from astroid import nodes

from harness.audit.code.name_resolver import NameResolver


class Inside(StrEnum):
    """Where a piece of code runs."""

    WORKFLOW = "workflow"
    ACTIVITY = "activity"


_ANSWERS = {
    "temporalio.workflow.in_workflow": Inside.WORKFLOW,
    "temporalio.workflow.unsafe.in_sandbox": Inside.WORKFLOW,
    "temporalio.activity.in_activity": Inside.ACTIVITY,
}
_PROBES = {
    Inside.WORKFLOW: ("temporalio.workflow.info", "temporalio.workflow.in_workflow", "temporalio.workflow.now"),
    Inside.ACTIVITY: ("temporalio.activity.info", "temporalio.activity.in_activity"),
}
_NAMES = ("in_workflow", "in_sandbox", "in_activity", "info", "now")
_DEEPEST = 3


def skipped(resolver: NameResolver, piece: nodes.NodeNG, inside: Inside) -> frozenset[nodes.NodeNG]:
    """Return the nodes of a piece of code that are not run there, each the top of what is skipped."""
    if not isinstance(piece, nodes.FunctionDef | nodes.Lambda):
        return frozenset()
    return frozenset(_skipped(resolver, piece, inside))


def _skipped(resolver: NameResolver, piece: nodes.NodeNG, inside: Inside) -> Iterator[nodes.NodeNG]:
    for node in piece.nodes_of_class((nodes.If, nodes.IfExp, nodes.Try)):
        if isinstance(node, nodes.Try):
            if _only_probes(resolver, node, inside):
                yield from node.handlers
            continue
        answer = _answer(resolver, node.test, inside)
        if answer is None:
            continue
        taken, left = (node.body, node.orelse) if answer else (node.orelse, node.body)
        yield from left if isinstance(left, list) else [left]
        if isinstance(node, nodes.If) and _leaves(taken):
            yield from _after(node)


def _only_probes(resolver: NameResolver, block: nodes.Try, inside: Inside) -> bool:
    """Tell whether a `try` does nothing but read from Temporal what can be read there: it does not fail."""
    calls = [each for part in block.body for each in part.nodes_of_class(nodes.Call)]
    waits = any(True for part in block.body for _ in part.nodes_of_class(nodes.Await))
    if not calls or waits or not any(_last(each.func) in _NAMES for each in calls):
        return False
    own = [each for each in calls if not _is_of_result(each)]
    return bool(own) and all(_named(resolver, each.func) & {*_PROBES[inside]} for each in own)


def _is_of_result(call: nodes.Call) -> bool:
    """Tell whether a call is a method of what another call gave: `workflow.now().isoformat()`."""
    return isinstance(call.func, nodes.Attribute) and any(
        isinstance(each, nodes.Call) for each in call.func.expr.nodes_of_class(nodes.Call)
    )


def _answer(resolver: NameResolver, test: Any, inside: Inside, steps: int = _DEEPEST) -> bool | None:
    """Return what a condition that asks where it runs comes to; None if it asks something else."""
    match test:
        case nodes.UnaryOp(op="not"):
            answer = _answer(resolver, test.operand, inside, steps)
            return None if answer is None else not answer
        case nodes.BoolOp(op="and"):
            answers = [_answer(resolver, each, inside, steps) for each in test.values]
            return False if False in answers else None
        case nodes.Name():
            values = [getattr(each.parent, "value", None) for each in test.lookup(test.name)[1]]
            once = len(values) == 1 and isinstance(values[0], nodes.Call)
            return _answer(resolver, values[0], inside, steps - 1) if once and steps > 0 else None
        case nodes.Call(args=[], keywords=[]) if steps > 0:
            for name in _named(resolver, test.func):
                if name in _ANSWERS:
                    return _ANSWERS[name] is inside
            return _answer_of_function(resolver, test, inside, steps - 1)
    return None


def _answer_of_function(resolver: NameResolver, call: nodes.Call, inside: Inside, steps: int) -> bool | None:
    """Return what a function of own code says that only asks where it runs."""
    for resolved in resolver.of(call.func):
        function = resolved.node
        if not isinstance(function, nodes.FunctionDef) or len(function.body) > _DEEPEST:
            continue
        answers = {_asked(resolver, each, inside, steps) for each in function.nodes_of_class(nodes.Return)}
        meant = answers - {None}
        if meant and _asks(resolver, function):
            return _settled(resolver, function, meant, inside)
    return None


def _asks(resolver: NameResolver, function: nodes.FunctionDef) -> bool:
    probes = {*_ANSWERS, *_PROBES[Inside.WORKFLOW], *_PROBES[Inside.ACTIVITY]}
    calls = (each for each in function.nodes_of_class(nodes.Call) if _last(each.func) in _NAMES)
    return any(_named(resolver, each.func) & probes for each in calls)


def _asked(resolver: NameResolver, given: nodes.Return, inside: Inside, steps: int) -> bool | None:
    if isinstance(given.value, nodes.Const) and isinstance(given.value.value, bool):
        return given.value.value if not _after_error(given) else None
    return _answer(resolver, given.value, inside, steps)


def _after_error(node: nodes.NodeNG) -> bool:
    return any(isinstance(each, nodes.ExceptHandler) for each in node.node_ancestors())


def _settled(resolver: NameResolver, function: nodes.FunctionDef, meant: set[bool | None], inside: Inside) -> bool:
    """Return the answer of `try: workflow.info() … return True`, which is no where the probe is another's."""
    probed = {name for each in function.nodes_of_class(nodes.Call) for name in _named(resolver, each.func)}
    direct = [_ANSWERS[name] for name in probed if name in _ANSWERS]
    if direct:
        return inside in direct
    return True in meant and bool(probed & {*_PROBES[inside]})


def _leaves(statements: Any) -> bool:
    last = statements[-1] if statements else None
    return isinstance(last, nodes.Return | nodes.Raise | nodes.Continue | nodes.Break)


def _after(node: Any) -> Iterator[nodes.NodeNG]:
    following = node.next_sibling()
    while following is not None:
        yield following
        following = following.next_sibling()


def _named(resolver: NameResolver, function: nodes.NodeNG) -> set[str]:
    return {resolved.name for resolved in resolver.of(function)}


def _last(function: Any) -> str:
    return str(getattr(function, "attrname", getattr(function, "name", "")))
