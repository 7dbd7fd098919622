"""Type annotations: of which classes a value may be by the annotation of its variable, parameter or function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from astroid import nodes
from astroid.builder import AstroidBuilder
from astroid.exceptions import AstroidError
from astroid.manager import AstroidManager

from harness.audit.code.astroid_nodes import in_brackets
from harness.audit.code.resolved_name import SAME_AS, Owner, ResolvedName, qualified
from harness.audit.code.resolver import Resolver

_WRAPPING = {"typing.Optional", "typing.Annotated", "typing.Final", "typing.ClassVar", "dataclasses.InitVar"}
_WRAPPING |= {"typing.Awaitable", "collections.abc.Awaitable", "typing.Required", "typing.NotRequired"}
_UNKNOWN = {"typing.Any", "builtins.object", "builtins.None", "typing.Self", "typing_extensions.Self"}


def of(resolver: Resolver, node: nodes.NodeNG, owner: Owner = None) -> Iterator[ResolvedName]:
    """Yield instances of the classes that an annotation names."""
    match node:
        case nodes.Const(value=str()):
            if written := _from_text(node):
                yield from of(resolver, written, owner)
        case nodes.BinOp(op="|"):
            yield from of(resolver, node.left, owner)
            yield from of(resolver, node.right, owner)
        case nodes.Subscript():
            yield from _generic(resolver, node, owner)
        case nodes.Name() | nodes.Attribute():
            for resolved in resolver.of(node, owner):
                if resolved.name in ("typing.Self", "typing_extensions.Self") and owner is not None:
                    yield ResolvedName(name=qualified(owner), node=owner, instance=True)
                elif (
                    not resolved.instance
                    and resolved.name not in _UNKNOWN
                    and not isinstance(resolved.node, nodes.FunctionDef)
                ):
                    yield replace(resolved, name=SAME_AS.get(resolved.name, resolved.name), instance=True)


def _generic(resolver: Resolver, node: nodes.Subscript, owner: Owner) -> Iterator[ResolvedName]:
    inner = in_brackets(node)
    for resolved in resolver.of(node.value, owner):
        if resolved.name in _WRAPPING:
            yield from of(resolver, inner[0], owner)
        elif resolved.name == "typing.Union":
            for each in inner:
                yield from of(resolver, each, owner)
        elif resolved.name in ("typing.Type", "builtins.type"):
            yield from (replace(each, instance=False) for each in of(resolver, inner[0], owner))
        elif not resolved.instance:
            name = SAME_AS.get(resolved.name, resolved.name)
            yield replace(resolved, name=name, instance=True, arguments=tuple(inner), annotated=True)


def _from_text(node: nodes.Const) -> nodes.NodeNG | None:
    """Return the expression in a quoted annotation, standing where the text stands."""
    builder = AstroidBuilder(AstroidManager(), apply_transforms=False)
    try:
        tree, _ = builder._data_build(f"({node.value})", "", None)
    except AstroidError:
        return None
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Expr):
        return None
    written = tree.body[0].value
    written.parent = node.parent
    for each in written.nodes_of_class(nodes.NodeNG):
        each.lineno, each.col_offset = node.lineno, node.col_offset
    return written
