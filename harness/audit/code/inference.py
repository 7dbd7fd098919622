"""What astroid infers where names alone do not tell: within bounds, and only from trees that were read already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from astroid import bases, nodes
from astroid.exceptions import AstroidError, AstroidImportError
from astroid.manager import AstroidManager

from harness.audit.code.resolved_name import ResolvedName, qualified
from harness.audit.code.resolver import Resolver

MAX_INFERRED = 4000
"""How many expressions are inferred for one project; behind that they stay unknown."""


def of(resolver: Resolver, node: nodes.NodeNG) -> Iterable[ResolvedName]:
    """Return what astroid takes an expression for."""
    resolver.inferences += 1
    if resolver.inferences > MAX_INFERRED:
        return []
    with _only_read(resolver):
        try:
            inferred = list(islice(node.infer(), 5))
        except (AstroidError, RecursionError, AttributeError, TypeError, ValueError, KeyError):
            return []
    return [resolved for each in inferred for resolved in _resolved(resolver, each)]


def _resolved(resolver: Resolver, inferred: Any) -> Iterator[ResolvedName]:
    if isinstance(inferred, bases.BoundMethod | bases.UnboundMethod):
        inferred = inferred._proxied
    if isinstance(inferred, bases.Instance) and not isinstance(inferred, nodes.NodeNG):
        node = inferred._proxied
        if isinstance(node, nodes.ClassDef):
            yield ResolvedName(name=qualified(node), node=_read(resolver, node), instance=True)
    elif isinstance(inferred, nodes.FunctionDef | nodes.ClassDef):
        yield ResolvedName(name=qualified(inferred), node=_read(resolver, inferred))


def _read(resolver: Resolver, node: nodes.NodeNG) -> nodes.NodeNG | None:
    return node if resolver.modules.knows(node) else None


@contextmanager
def _only_read(resolver: Resolver) -> Iterator[None]:
    """Let astroid see no module but those that we read: it would load others, and change the working directory."""

    def from_ours(self: AstroidManager, modname: str | None, *_: Any, **__: Any) -> nodes.Module:
        if modname in ("builtins", "_io", "types", "typing"):
            if modname in self.astroid_cache:
                return self.astroid_cache[modname]
        elif modname and (module := resolver.modules.read_already(modname)):
            return module.tree
        raise AstroidImportError(f"{modname} was not read", modname=modname)

    original = AstroidManager.ast_from_module_name
    AstroidManager.ast_from_module_name = from_ours  # type: ignore[method-assign]
    try:
        yield
    finally:
        AstroidManager.ast_from_module_name = original  # type: ignore[method-assign]
