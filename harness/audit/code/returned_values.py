"""What a call returns, and what a container holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from astroid import nodes

from harness.audit.code import members
from harness.audit.code.astroid_nodes import elements as written_elements
from harness.audit.code.astroid_nodes import in_brackets
from harness.audit.code.resolved_name import FIRST_ARGUMENT, RETURNS, Owner, ResolvedName, is_class_name, qualified
from harness.audit.code.resolver import Resolver

_RETURNS_LOOKED_AT = 12
_OF_DICT = ("builtins.dict.get", "builtins.dict.pop", "builtins.dict.setdefault")


def of_call(resolver: Resolver, node: nodes.Call, owner: Owner) -> Iterator[ResolvedName]:
    """Yield what a call may return; of a coroutine function what awaiting it gives."""
    if isinstance(node.func, nodes.Name) and node.func.name == "super":
        yield from _super(resolver, node, owner)
        return
    for resolved in resolver.of(node.func, owner):
        if isinstance(resolved.node, nodes.ClassDef):
            if resolved.instance:
                for method in members.of(resolver, resolved, "__call__"):
                    yield from of_function(resolver, method)
            else:
                yield replace(resolved, instance=True, owner=None)
        elif isinstance(resolved.node, nodes.FunctionDef | nodes.Lambda):
            yield from of_function(resolver, resolved)
        else:
            yield from _of_name(resolver, resolved.name, node, owner)


def _of_name(resolver: Resolver, name: str, node: nodes.Call, owner: Owner) -> Iterator[ResolvedName]:
    """Yield what a function returns whose code is not read."""
    first = node.args[0] if node.args else None
    if name in ("typing.cast", "builtins.type") and first is not None:
        for each in resolver.of(first, owner):
            yield replace(each, instance=name == "typing.cast")
    elif name in _OF_DICT and isinstance(node.func, nodes.Attribute):
        for each in resolver.of(node.func.expr, owner):
            yield from _element(resolver, each, owner, last=True)
    elif name == "builtins.next" and first is not None:
        for each in resolver.of(first, owner):
            yield from _element(resolver, each, owner, last=True)
    elif name in FIRST_ARGUMENT:
        yield from resolver.of(first, owner)
    elif name == "builtins.getattr" and len(node.args) > 1 and isinstance(node.args[1], nodes.Const):
        for each in resolver.of(first, owner):
            yield from members.of(resolver, each, str(node.args[1].value))
    elif name.startswith(("temporalio.workflow.execute_", "temporalio.workflow.start_")) and first is not None:
        for each in resolver.of(first, owner):
            if isinstance(each.node, nodes.FunctionDef):
                yield from resolver.annotated(each.node.returns)
    elif returned := RETURNS.get(name):
        yield ResolvedName(name=returned, instance=True, arguments=_held(name, node))
    elif is_class_name(name):
        yield ResolvedName(name=name, instance=True, arguments=_held(name, node))
    elif not name.startswith("builtins."):
        yield ResolvedName(name=f"{name}()", instance=True)


def _held(name: str, node: nodes.Call) -> tuple[nodes.NodeNG, ...]:
    """Return the elements of `list([a, b])` and its like."""
    first = node.args[0] if node.args else None
    if name.startswith("builtins.") and isinstance(first, nodes.List | nodes.Tuple | nodes.Set):
        return tuple(written_elements(first))[:20]
    return ()


def _super(resolver: Resolver, node: nodes.Call, owner: Owner) -> Iterator[ResolvedName]:
    method: nodes.NodeNG | None = node.scope()
    while method is not None and not isinstance(method, nodes.ClassDef):
        method = method.parent.scope() if method.parent else None
    if isinstance(method, nodes.ClassDef):
        really = owner if owner is not None and method in members.ancestors(resolver, owner) else method
        yield ResolvedName(name=qualified(method), node=method, instance=True, owner=really)


def of_function(resolver: Resolver, function: ResolvedName) -> Iterable[ResolvedName]:
    """Return what a function returns: by its annotation, else by its return statements."""
    node = function.node
    if node is None:
        return []
    key = (node, function.owner)
    if key not in resolver.returns:
        returned = tuple(_of_function(resolver, function))
        if not returned and resolver.is_deep:
            return returned  # what is known in the middle of a cycle is not all
        resolver.returns[key] = returned
    return resolver.returns[key]


def _of_function(resolver: Resolver, function: ResolvedName) -> Iterable[ResolvedName]:
    node = function.node
    if isinstance(node, nodes.FunctionDef):
        if noted := resolver.annotated(node.returns, function.owner):
            return [_yielded(resolver, each, node, function.owner) for each in noted]
        returned = [each.value for each in node.nodes_of_class(nodes.Return, skip_klass=(nodes.FunctionDef,))]
        values = [value for value in returned if value is not None][:_RETURNS_LOOKED_AT]
        return [resolved for value in values for resolved in resolver.of(value, function.owner)]
    if isinstance(node, nodes.Lambda):
        return resolver.of(node.body, function.owner)
    return []


def _yielded(resolver: Resolver, noted: ResolvedName, node: nodes.FunctionDef, owner: Owner) -> ResolvedName:
    """Return what a `with` gets from a generator function under @contextmanager; else what was noted."""
    decorators = [each.as_string() for each in node.decorators.nodes] if node.decorators else []
    if any(each.endswith("contextmanager") for each in decorators) and noted.arguments and noted.annotated:
        return next(iter(resolver.annotated(noted.arguments[0], owner)), noted)
    return noted


def of_subscript(resolver: Resolver, node: nodes.Subscript, owner: Owner) -> Iterator[ResolvedName]:
    """Yield what `x[…]` may be: an element, or for a slice the same kind of thing."""
    if isinstance(node.slice, nodes.Slice):
        yield from resolver.of(node.value, owner)
        return
    for resolved in resolver.of(node.value, owner):
        if resolved.instance:
            yield from _element(resolver, resolved, owner, last=True)
        elif resolved.node is not None or is_class_name(resolved.name):
            yield replace(resolved, arguments=tuple(in_brackets(node)), annotated=True)


def elements(resolver: Resolver, node: nodes.NodeNG, owner: Owner) -> Iterator[ResolvedName]:
    """Yield what a loop over this expression gets."""
    called = node.func if isinstance(node, nodes.Call) else None
    if isinstance(called, nodes.Attribute) and called.attrname in ("values", "items", "keys"):
        for resolved in resolver.of(called.expr, owner):
            if resolved.name.endswith(("dict", "Mapping")):
                yield from _of_dict(resolver, resolved, called.attrname, owner)
        return
    for resolved in resolver.of(node, owner):
        yield from _element(resolver, resolved, owner, last=not resolved.name.endswith(("dict", "Mapping")))


def _of_dict(resolver: Resolver, resolved: ResolvedName, view: str, owner: Owner) -> Iterator[ResolvedName]:
    if view == "items" and resolved.annotated:
        yield ResolvedName(name="builtins.tuple", instance=True, arguments=resolved.arguments, annotated=True)
    elif view != "items":
        yield from _element(resolver, resolved, owner, last=view == "values")


def _element(resolver: Resolver, resolved: ResolvedName, owner: Owner, *, last: bool) -> Iterator[ResolvedName]:
    if not resolved.annotated:
        for each in resolved.arguments:
            yield from resolver.of(each, owner)
    elif resolved.arguments:
        is_tuple = resolved.name == "builtins.tuple" and len(resolved.arguments) > 1
        chosen = resolved.arguments if is_tuple else [resolved.arguments[-1 if last else 0]]
        for each in chosen:
            yield from resolver.annotated(each, owner)
