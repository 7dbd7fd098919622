"""What an attribute means: of a module, a class, an instance, or of something whose code was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.code import bindings, results
from harness.audit.code.meaning import Meaning
from harness.audit.code.modules import absolute
from harness.audit.code.trees import bound_in

if TYPE_CHECKING:
    from harness.audit.code.meanings import Meanings

PROPERTIES = ("property", "cached_property", "functools.cached_property", "abc.abstractproperty")

_UNTELLING = {
    "builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "typing.NamedTuple", "typing.TypedDict",
    "builtins.Exception", "enum.Enum", "enum.StrEnum",
}  # fmt: skip
"""Classes whose names say nothing about an attribute of a class that inherits from them."""


def of(meanings: Meanings, meaning: Meaning, name: str) -> Iterable[Meaning]:
    """Return what an attribute of that name means."""
    if isinstance(meaning.node, nodes.Module):
        return of_module(meanings, meaning, name, meaning.node)
    if isinstance(meaning.node, nodes.ClassDef):
        return list(_of_class(meanings, meaning, name))
    if isinstance(meaning.node, nodes.FunctionDef | nodes.Lambda):
        return []
    return [Meaning(name=f"{meaning.name}.{name}")]


def of_module(meanings: Meanings, module: Meaning, name: str, importer: nodes.Module) -> Iterable[Meaning]:
    """Return what a name of a module means, through re-exports; a name of a module not read stays a name."""
    tree = module.node
    if not isinstance(tree, nodes.Module):
        below = meanings.of_module(f"{module.name}.{name}", importer)
        return [below if below.node is not None else Meaning(name=f"{module.name}.{name}")]
    if bound := bound_in(tree, name):
        found = [each for one in bound for each in bindings.of(meanings, one, name)]
        if found:
            return found
    found = list(of_star_imports(meanings, tree, name))
    if found or not tree.package:
        return found
    below = meanings.of_module(f"{module.name}.{name}", tree)
    return [below] if below.node is not None else []


def of_star_imports(meanings: Meanings, tree: nodes.Module, name: str) -> Iterable[Meaning]:
    """Return what a name means that only `from … import *` can have brought."""
    key = (tree, name)
    for bound in tree.locals.get("*", ()):
        if not isinstance(bound, nodes.ImportFrom) or key in meanings.starring:
            continue
        module = meanings.of_module(absolute(bound, tree), tree)
        if module.node is None:
            continue
        meanings.starring.add(key)
        try:
            found = list(of_module(meanings, module, name, tree))
        finally:
            meanings.starring.discard(key)
        if found:
            return found
    return []


def lineage(meanings: Meanings, node: nodes.ClassDef) -> list[Meaning]:
    """Return a class and all it inherits from, nearest first, each once."""
    if node not in meanings.lineages:
        meanings.lineages[node] = [Meaning(name=meanings.qualified(node), node=node)]
        found = list(meanings.lineages[node])
        for written in node.bases:
            expression: Any = written.value if isinstance(written, nodes.Subscript) else written
            for parent in meanings.of(expression):
                if isinstance(parent.node, nodes.ClassDef):
                    found += lineage(meanings, parent.node)
                elif not parent.instance:
                    found.append(parent)
        kept = list(dict.fromkeys(reversed(found)))  # the last one of each, as in Python's own order
        meanings.lineages[node] = kept[::-1]
    return meanings.lineages[node]


def ancestors(meanings: Meanings, node: nodes.ClassDef) -> list[nodes.ClassDef]:
    """Return a class and those it inherits from, as far as their code was read."""
    return [each.node for each in lineage(meanings, node) if isinstance(each.node, nodes.ClassDef)]


def methods(meanings: Meanings, node: nodes.ClassDef, name: str) -> Iterator[nodes.FunctionDef]:
    """Yield the methods of that name, of the class and of those it inherits from."""
    for each in ancestors(meanings, node):
        yield from (one for one in each.locals.get(name, ()) if isinstance(one, nodes.FunctionDef))


def _of_class(meanings: Meanings, meaning: Meaning, name: str) -> Iterator[Meaning]:
    owner = meaning.node
    assert isinstance(owner, nodes.ClassDef)
    if name == "__class__" and meaning.instance:
        yield Meaning(name=meaning.name, node=owner)
        return
    line = lineage(meanings, owner)
    if meaning.owner is not None:  # super(): only what stands behind the class that says so
        behind = [at for at, each in enumerate(lineage(meanings, meaning.owner)) if each.node is owner]
        line, owner = lineage(meanings, meaning.owner)[behind[0] + 1 :] if behind else line[1:], meaning.owner
    for each in line:
        if not isinstance(each.node, nodes.ClassDef):
            if each.name not in _UNTELLING:
                yield Meaning(name=f"{each.name}.{name}")
                return
            continue
        found = list(_declared(meanings, each.node, name, owner, meaning.instance))
        if found:
            yield from found
            return
    if name.startswith("__"):  # what every object has
        yield Meaning(name=f"builtins.object.{name}")


def _declared(
    meanings: Meanings, node: nodes.ClassDef, name: str, owner: nodes.ClassDef, instance: bool
) -> Iterator[Meaning]:
    for bound in bound_in(node, name):
        if isinstance(bound, nodes.FunctionDef):
            if instance and is_property(bound):
                yield from results.of_function(meanings, Meaning(name="", node=bound, owner=owner))
            else:
                yield Meaning(name=meanings.qualified(bound), node=bound, owner=owner)
        else:
            yield from bindings.of(meanings, bound, name, owner)
    for bound in assigned(meanings, node).get(name, ()):
        yield from bindings.of(meanings, bound, name, owner)


def assigned(meanings: Meanings, node: nodes.ClassDef) -> dict[str, list[nodes.AssignAttr]]:
    """Return where methods of this class assign to attributes of `self`."""
    if node not in meanings.attributes:
        found: dict[str, list[nodes.AssignAttr]] = {}
        for method in node.body:
            if isinstance(method, nodes.FunctionDef) and method.args.args:
                first = method.args.args[0].name
                for each in method.nodes_of_class(nodes.AssignAttr):
                    if isinstance(each.expr, nodes.Name) and each.expr.name == first:
                        found.setdefault(each.attrname, []).append(each)
        meanings.attributes[node] = found
    return meanings.attributes[node]


def is_property(node: nodes.FunctionDef) -> bool:
    """Tell whether a method is a property, by its decorators as written."""
    decorators = node.decorators.nodes if node.decorators else []
    return any(each.as_string() in PROPERTIES for each in decorators)
