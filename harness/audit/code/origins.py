"""The expression that a value was written as: names and attributes are followed to what they were given."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from astroid import nodes

from harness.audit.code import members
from harness.audit.code.astroid_nodes import bound_in, elements
from harness.audit.code.modules import absolute
from harness.audit.code.name_resolver import NameResolver

Given = Mapping[str, nodes.NodeNG]
"""What a function was called with, by parameter."""

MAX_STEPS = 12
"""How many names are followed to the expression behind them."""

_UNITS = {"days": 86400.0, "seconds": 1.0, "microseconds": 1e-6, "milliseconds": 1e-3, "minutes": 60.0}
_UNITS |= {"hours": 3600.0, "weeks": 604800.0}

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
"""What arithmetic in source text calculates, by its sign."""


def origins(
    resolver: NameResolver, node: nodes.NodeNG | None, given: Given | None = None, steps: int = MAX_STEPS
) -> Iterator[nodes.NodeNG]:
    """Yield the expressions that a value may have been written as; the expression itself if it is no name.

    Parameters are followed where `given` tells what the function was called with, and are unknown elsewhere.
    """
    if node is None or steps <= 0:
        return
    match node:
        case nodes.Name() if given and node.name in given:
            yield from origins(resolver, given[node.name], None, steps - 1)
        case nodes.Name():
            for bound in node.lookup(node.name)[1]:
                yield from _of_bound(resolver, bound, node.name, steps - 1)
        case nodes.Attribute():
            for bound in _members(resolver, node):
                yield from _of_bound(resolver, bound, node.attrname, steps - 1)
        case nodes.IfExp():
            yield from origins(resolver, node.body, given, steps - 1)
            yield from origins(resolver, node.orelse, given, steps - 1)
        case nodes.BoolOp():
            for each in node.values:
                yield from origins(resolver, each, given, steps - 1)
        case nodes.NamedExpr():
            yield from origins(resolver, node.value, given, steps - 1)
        case _:
            yield node


def _of_bound(resolver: NameResolver, bound: nodes.NodeNG, name: str, steps: int) -> Iterator[nodes.NodeNG]:
    parent = bound.parent
    if isinstance(bound, nodes.FunctionDef | nodes.ClassDef):
        yield bound
    elif isinstance(bound, nodes.Import):
        yield from (one.node for one in resolver.bound(bound, name) if one.node is not None)
    elif isinstance(bound, nodes.ImportFrom):
        tree = bound.root()
        module = resolver.of_module(absolute(bound, tree), tree).node
        original = next((each for each, alias in bound.names if (alias or each) == name), name)
        written = bound_in(module, original) if isinstance(module, nodes.Module) else []
        if not written:
            yield from (one.node for one in resolver.bound(bound, name) if isinstance(one.node, nodes.Module))
        for each in written:
            if steps > 0:
                yield from _of_bound(resolver, each, original, steps - 1)
    elif isinstance(parent, nodes.With):
        for expression in (opened for opened, target in parent.items if target is bound):
            yield from origins(resolver, expression, None, steps)
    elif isinstance(parent, nodes.Assign | nodes.AnnAssign | nodes.NamedExpr) and parent.value is not None:
        yield from origins(resolver, parent.value, None, steps)


def _members(resolver: NameResolver, node: nodes.Attribute) -> Iterator[nodes.NodeNG]:
    for resolved in resolver.of(node.expr):
        if isinstance(resolved.node, nodes.Module):
            yield from bound_in(resolved.node, node.attrname)
        elif isinstance(resolved.node, nodes.ClassDef):
            for each in members.ancestors(resolver, resolved.node):
                declared = bound_in(each, node.attrname)
                if resolved.instance and any(isinstance(one.parent, nodes.AnnAssign) for one in declared):
                    return  # a field: what its instances hold is not written there
                bound = [*declared, *members.assigned(resolver, each).get(node.attrname, ())]
                yield from bound
                if bound:
                    return


def value(resolver: NameResolver, node: nodes.NodeNG | None, given: Given | None = None, steps: int = MAX_STEPS) -> Any:
    """Return the value of a constant expression; durations in seconds. None if it is not known, or is None."""
    if node is None or steps <= 0:
        return None
    below = steps - 1
    match node:
        case nodes.Const():
            return node.value
        case nodes.UnaryOp(op="-"):
            inner = value(resolver, node.operand, given, below)
            return -inner if isinstance(inner, int | float) else None
        case nodes.BinOp():
            left, right = (value(resolver, each, given, below) for each in (node.left, node.right))
            return _arithmetic(node.op, left, right)
        case nodes.List() | nodes.Tuple() | nodes.Set():
            return [value(resolver, each, given, below) for each in elements(node)]
        case nodes.Call():
            return _called(resolver, node, given, below)
        case nodes.Name() | nodes.Attribute():
            written = list(origins(resolver, node, given))
            values = [value(resolver, each, given, below) for each in written]
            return values[0] if values and all(each == values[0] for each in values) else None
    return None


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    calculation = ARITHMETIC.get(op)
    if calculation is None or left is None or right is None:
        return None
    if not all(isinstance(each, int | float) and abs(each) < 1e12 for each in (left, right)):
        return left + right if op == "+" and isinstance(left, list) and isinstance(right, list) else None
    try:
        return calculation(left, right)
    except (ArithmeticError, TypeError):
        return None


def _called(resolver: NameResolver, node: nodes.Call, given: Given | None, steps: int) -> Any:
    names = {resolved.name for resolved in resolver.of(node.func)}
    if "datetime.timedelta" in names:
        return _seconds(resolver, node, given, steps)
    if names & {"builtins.list", "builtins.tuple", "builtins.int", "builtins.float"} and len(node.args) == 1:
        return value(resolver, node.args[0], given, steps)
    return None


def _seconds(resolver: NameResolver, node: nodes.Call, given: Given | None, steps: int) -> float | None:
    units = ("days", "seconds", "microseconds", "milliseconds", "minutes")
    written = [*zip(units, node.args, strict=False), *((each.arg or "", each.value) for each in node.keywords)]
    total = 0.0
    for unit, each in written:
        amount = value(resolver, each, given, steps)
        if unit not in _UNITS or not isinstance(amount, int | float):
            return None
        total += amount * _UNITS[unit]
    return total


def bound_arguments(function: nodes.FunctionDef, call: nodes.Call) -> dict[str, nodes.NodeNG]:
    """Return what a call gives to the parameters of a function, defaults for the others."""
    arguments = function.args
    names = [each.name for each in [*(arguments.posonlyargs or []), *(arguments.args or [])]]
    keywords = [each.name for each in arguments.kwonlyargs or []]
    defaults = arguments.defaults or []
    defaulted = dict(zip(names[len(names) - len(defaults) :], defaults, strict=False))
    defaulted |= {
        name: each for name, each in zip(keywords, arguments.kw_defaults or [], strict=False) if each is not None
    }
    return defaulted | passed_arguments(function, call.args, call.keywords)


def passed_arguments(
    function: nodes.Lambda | nodes.FunctionDef, arguments: Sequence[nodes.NodeNG], keywords: Iterable[nodes.Keyword]
) -> dict[str, nodes.NodeNG]:
    """Return what a call passes to the parameters of a function, by their names; of a method without `self`."""
    names = [each.name for each in [*(function.args.posonlyargs or []), *(function.args.args or [])]]
    if isinstance(function, nodes.FunctionDef) and isinstance(function.parent, nodes.ClassDef):
        decorators = [each.as_string() for each in function.decorators.nodes] if function.decorators else []
        names = names if "staticmethod" in decorators else names[1:]
    by_position = dict(zip(names, arguments, strict=False))
    return by_position | {each.arg: each.value for each in keywords if each.arg}


def returned(function: nodes.FunctionDef) -> Iterable[nodes.NodeNG]:
    """Return the expressions that a function returns."""
    values = [each.value for each in function.nodes_of_class(nodes.Return, skip_klass=(nodes.FunctionDef,))]
    return [each for each in values if each is not None]
