"""What ``x.name`` stands for: an attribute of a module, class or instance, or of something whose code was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from astroid import nodes

from harness.audit.code.astroid_nodes import bound_in
from harness.audit.code.modules import absolute
from harness.audit.code.resolved_name import ResolvedName, qualified
from harness.audit.code.resolver import Resolver

PROPERTIES = ("property", "cached_property", "functools.cached_property", "abc.abstractproperty")

_UNTELLING = {
    "builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "typing.NamedTuple", "typing.TypedDict",
    "builtins.Exception", "enum.Enum", "enum.StrEnum",
}  # fmt: skip
"""Classes whose names say nothing about an attribute of a class that inherits from them."""


def of(resolver: Resolver, resolved: ResolvedName, name: str) -> Iterable[ResolvedName]:
    """Return what an attribute of that name means."""
    if isinstance(resolved.node, nodes.Module):
        return of_module(resolver, resolved, name, resolved.node)
    if isinstance(resolved.node, nodes.ClassDef):
        return list(_of_class(resolver, resolved, name))
    if isinstance(resolved.node, nodes.FunctionDef | nodes.Lambda):
        return []
    return [ResolvedName(name=f"{resolved.name}.{name}")]


def of_module(resolver: Resolver, module: ResolvedName, name: str, importer: nodes.Module) -> Iterable[ResolvedName]:
    """Return what a name of a module means, through re-exports; a name of a module not read stays a name."""
    tree = module.node
    if not isinstance(tree, nodes.Module):
        below = resolver.of_module(f"{module.name}.{name}", importer)
        return [below if below.node is not None else ResolvedName(name=f"{module.name}.{name}")]
    if bound := bound_in(tree, name):
        resolved = [each for one in bound for each in resolver.bound(one, name)]
        if resolved:
            return resolved
    resolved = list(of_star_imports(resolver, tree, name))
    if resolved or not tree.package:
        return resolved
    below = resolver.of_module(f"{module.name}.{name}", tree)
    return [below] if below.node is not None else []


def of_star_imports(resolver: Resolver, tree: nodes.Module, name: str) -> Iterable[ResolvedName]:
    """Return what a name means that only `from … import *` can have brought."""
    key = (tree, name)
    for bound in tree.locals.get("*", ()):
        if not isinstance(bound, nodes.ImportFrom) or key in resolver.starring:
            continue
        module = resolver.of_module(absolute(bound, tree), tree)
        if module.node is None:
            continue
        resolver.starring.add(key)
        try:
            resolved = list(of_module(resolver, module, name, tree))
        finally:
            resolver.starring.discard(key)
        if resolved:
            return resolved
    return []


def lineage(resolver: Resolver, node: nodes.ClassDef) -> list[ResolvedName]:
    """Return a class and all it inherits from, nearest first, each once."""
    if node not in resolver.lineages:
        resolver.lineages[node] = [ResolvedName(name=qualified(node), node=node)]
        line = list(resolver.lineages[node])
        for written in node.bases:
            expression: Any = written.value if isinstance(written, nodes.Subscript) else written
            for parent in resolver.of(expression):
                if isinstance(parent.node, nodes.ClassDef):
                    line += lineage(resolver, parent.node)
                elif not parent.instance:
                    line.append(parent)
        kept = list(dict.fromkeys(reversed(line)))  # the last one of each, as in Python's own order
        resolver.lineages[node] = kept[::-1]
    return resolver.lineages[node]


def ancestors(resolver: Resolver, node: nodes.ClassDef) -> list[nodes.ClassDef]:
    """Return a class and those it inherits from, as far as their code was read."""
    return [each.node for each in lineage(resolver, node) if isinstance(each.node, nodes.ClassDef)]


def methods(resolver: Resolver, node: nodes.ClassDef, name: str) -> Iterator[nodes.FunctionDef]:
    """Yield the methods of that name, of the class and of those it inherits from."""
    for each in ancestors(resolver, node):
        yield from (one for one in each.locals.get(name, ()) if isinstance(one, nodes.FunctionDef))


def _of_class(resolver: Resolver, resolved: ResolvedName, name: str) -> Iterator[ResolvedName]:
    owner = resolved.node
    assert isinstance(owner, nodes.ClassDef)
    if name == "__class__" and resolved.instance:
        yield ResolvedName(name=resolved.name, node=owner)
        return
    line = lineage(resolver, owner)
    if resolved.owner is not None:  # super(): only what stands behind the class that says so
        behind = [at for at, each in enumerate(lineage(resolver, resolved.owner)) if each.node is owner]
        line, owner = lineage(resolver, resolved.owner)[behind[0] + 1 :] if behind else line[1:], resolved.owner
    for each in line:
        if not isinstance(each.node, nodes.ClassDef):
            if each.name not in _UNTELLING:
                yield ResolvedName(name=f"{each.name}.{name}")
                return
            continue
        declared = list(_declared(resolver, each.node, name, owner, resolved.instance))
        if declared:
            yield from declared
            return
    if name.startswith("__"):  # what every object has
        yield ResolvedName(name=f"builtins.object.{name}")


def _declared(
    resolver: Resolver, node: nodes.ClassDef, name: str, owner: nodes.ClassDef, instance: bool
) -> Iterator[ResolvedName]:
    for bound in bound_in(node, name):
        if isinstance(bound, nodes.FunctionDef):
            if instance and is_property(bound):
                yield from resolver.returned(ResolvedName(name="", node=bound, owner=owner))
            else:
                yield ResolvedName(name=qualified(bound), node=bound, owner=owner)
        else:
            yield from resolver.bound(bound, name, owner)
    for bound in assigned(resolver, node).get(name, ()):
        yield from resolver.bound(bound, name, owner)


def assigned(resolver: Resolver, node: nodes.ClassDef) -> dict[str, list[nodes.AssignAttr]]:
    """Return where methods of this class assign to attributes of `self`."""
    if node not in resolver.attributes:
        assignments: dict[str, list[nodes.AssignAttr]] = {}
        for method in node.body:
            if isinstance(method, nodes.FunctionDef) and method.args.args:
                first = method.args.args[0].name
                for each in method.nodes_of_class(nodes.AssignAttr):
                    if isinstance(each.expr, nodes.Name) and each.expr.name == first:
                        assignments.setdefault(each.attrname, []).append(each)
        resolver.attributes[node] = assignments
    return resolver.attributes[node]


def is_property(node: nodes.FunctionDef) -> bool:
    """Tell whether a method is a property, by its decorators as written."""
    decorators = node.decorators.nodes if node.decorators else []
    return any(each.as_string() in PROPERTIES for each in decorators)
