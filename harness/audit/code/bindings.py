"""What a name is bound to by the statement that binds it: an import, a definition, an assignment, a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from astroid import nodes

from harness.audit.code import members, returned_values
from harness.audit.code.astroid_nodes import elements, looped_over
from harness.audit.code.modules import absolute
from harness.audit.code.resolved_name import Owner, ResolvedName, qualified
from harness.audit.code.resolver import Resolver


def of(resolver: Resolver, bound: nodes.NodeNG, name: str, owner: Owner = None) -> Iterable[ResolvedName]:
    """Return what a name means behind what binds it, as astroid's lookup tells it."""
    match bound:
        case nodes.Import():
            return _imported(resolver, bound, name)
        case nodes.ImportFrom():
            return imported_from(resolver, bound, name)
        case nodes.FunctionDef():
            is_nested = isinstance(bound.parent, nodes.NodeNG) and isinstance(bound.parent.frame(), nodes.FunctionDef)
            return [ResolvedName(name=qualified(bound), node=bound, owner=owner if is_nested else None)]
        case nodes.ClassDef():
            return [ResolvedName(name=qualified(bound), node=bound)]
        case nodes.AssignName() | nodes.AssignAttr():
            return _assigned(resolver, bound, owner)
    return []


def _imported(resolver: Resolver, bound: nodes.Import, name: str) -> Iterable[ResolvedName]:
    for module, alias in bound.names:
        if alias == name:
            yield resolver.of_module(module, bound.root())
        elif not alias and module.partition(".")[0] == name:
            yield resolver.of_module(name, bound.root())


def imported_from(resolver: Resolver, bound: nodes.ImportFrom, name: str) -> Iterable[ResolvedName]:
    """Return what `from … import …` binds to a name."""
    tree = bound.root()
    module = absolute(bound, tree)
    for original, alias in bound.names:
        if original != "*" and (alias or original) == name:
            yield from members.of_module(resolver, resolver.of_module(module, tree), original, tree)


def _assigned(resolver: Resolver, bound: Any, owner: Owner) -> Iterable[ResolvedName]:
    parent = bound.parent
    if isinstance(parent, nodes.Arguments):
        return _parameter(resolver, parent, bound, owner)
    if isinstance(parent, nodes.NamedExpr | nodes.AugAssign):
        return resolver.of(parent.value, owner)
    statement = bound.assign_type()
    match statement:
        case nodes.AnnAssign():
            return resolver.annotated(statement.annotation, owner) or resolver.of(statement.value, owner)
        case nodes.Assign():
            if isinstance(parent, nodes.Tuple | nodes.List):
                return _unpacked(resolver, parent, bound, resolver.of(statement.value, owner), owner)
            return resolver.of(statement.value, owner)
        case nodes.For() | nodes.AsyncFor() | nodes.Comprehension():
            return _looped(resolver, statement, bound, owner)
        case nodes.With() | nodes.AsyncWith():
            return _with(resolver, statement, bound, owner)
        case nodes.ExceptHandler():
            types = elements(statement.type) if isinstance(statement.type, nodes.Tuple) else [statement.type]
            return [each for one in types for each in resolver.annotated(one, owner)]
    return []


def _parameter(resolver: Resolver, arguments: Any, bound: nodes.NodeNG, owner: Owner) -> Iterable[ResolvedName]:
    function = arguments.parent
    ordered = [*(arguments.posonlyargs or []), *(arguments.args or [])]
    keywords = arguments.kwonlyargs or []
    within = function.parent.scope() if function.parent else None
    is_first = bound is next(iter(ordered), None)
    if is_first and isinstance(within, nodes.ClassDef) and isinstance(function, nodes.FunctionDef):
        received = _receiver(resolver, function, within, owner)
        if received:
            return received
    spelled = [*(arguments.posonlyargs_annotations or []), *(arguments.annotations or [])]
    noted = dict(zip([*ordered, *keywords], [*spelled, *(arguments.kwonlyargs_annotations or [])], strict=False))
    if noted.get(bound) is not None:
        return resolver.annotated(noted[bound], owner)
    defaults = arguments.defaults or []
    given = dict(zip(ordered[len(ordered) - len(defaults) :], defaults, strict=False))
    given |= dict(zip(keywords, arguments.kw_defaults or [], strict=False))
    return resolver.of(given.get(bound), owner)


def _receiver(
    resolver: Resolver, method: nodes.FunctionDef, within: nodes.ClassDef, owner: Owner
) -> list[ResolvedName]:
    """Return what `self` or `cls` is: of the class that is really running, if it inherits the method."""
    decorators = {each.as_string() for each in method.decorators.nodes} if method.decorators else set()
    if "staticmethod" in decorators:
        return []
    really = owner if owner is not None and within in members.ancestors(resolver, owner) else within
    is_class = "classmethod" in decorators or method.name in ("__new__", "__init_subclass__")
    return [ResolvedName(name=qualified(really), node=really, instance=not is_class)]


def _unpacked(
    resolver: Resolver, target: nodes.NodeNG, bound: nodes.NodeNG, values: Iterable[ResolvedName], owner: Owner
) -> Iterable[ResolvedName]:
    targets = elements(target)
    place = targets.index(bound) if bound in targets else -1
    for value in values:
        if value.name == "builtins.tuple" and 0 <= place < len(value.arguments):
            element = value.arguments[place]
            yield from resolver.annotated(element, owner) if value.annotated else resolver.of(element, owner)


def _looped(resolver: Resolver, loop: nodes.NodeNG, bound: nodes.NodeNG, owner: Owner) -> Iterable[ResolvedName]:
    held = list(returned_values.elements(resolver, looped_over(loop), owner))
    if isinstance(bound.parent, nodes.Tuple):
        return _unpacked(resolver, bound.parent, bound, held, owner)
    return held


def _with(resolver: Resolver, statement: nodes.With, bound: nodes.NodeNG, owner: Owner) -> Iterable[ResolvedName]:
    for expression, target in statement.items:
        if target is not bound:
            continue
        for resolved in resolver.of(expression, owner):
            opened = resolved.node
            if resolved.instance and isinstance(opened, nodes.ClassDef):
                entering = ("__aenter__", "__enter__")
                methods = [each for name in entering for each in members.of(resolver, resolved, name)]
                yield from [each for one in methods for each in resolver.returned(one)] or [resolved]
            else:
                yield resolved
