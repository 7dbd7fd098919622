"""What astroid infers where names alone do not tell: within bounds, and only from trees that were read already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from astroid import bases, nodes
from astroid.exceptions import AstroidError, AstroidImportError
from astroid.manager import AstroidManager

from harness.audit.code.meaning import Meaning

if TYPE_CHECKING:
    from harness.audit.code.meanings import Meanings

MAX_INFERRED = 4000
"""How many expressions are inferred for one project; behind that they stay unknown."""


def of(meanings: Meanings, node: nodes.NodeNG) -> Iterable[Meaning]:
    """Return what astroid takes an expression for."""
    meanings.inferences += 1
    if meanings.inferences > MAX_INFERRED:
        return []
    with _only_read(meanings):
        try:
            found = list(islice(node.infer(), 5))
        except (AstroidError, RecursionError, AttributeError, TypeError, ValueError, KeyError):
            return []
    return [meaning for each in found for meaning in _meaning(meanings, each)]


def _meaning(meanings: Meanings, found: Any) -> Iterator[Meaning]:
    if isinstance(found, bases.BoundMethod | bases.UnboundMethod):
        found = found._proxied
    if isinstance(found, bases.Instance) and not isinstance(found, nodes.NodeNG):
        node = found._proxied
        if isinstance(node, nodes.ClassDef):
            yield Meaning(name=meanings.qualified(node), node=_read(meanings, node), instance=True)
    elif isinstance(found, nodes.FunctionDef | nodes.ClassDef):
        yield Meaning(name=meanings.qualified(found), node=_read(meanings, found))


def _read(meanings: Meanings, node: nodes.NodeNG) -> nodes.NodeNG | None:
    return node if meanings.modules.knows(node) else None


@contextmanager
def _only_read(meanings: Meanings) -> Iterator[None]:
    """Let astroid see no module but those that we read: it would load others, and change the working directory."""

    def from_ours(self: AstroidManager, modname: str | None, *_: Any, **__: Any) -> nodes.Module:
        if modname in ("builtins", "_io", "types", "typing"):
            if modname in self.astroid_cache:
                return self.astroid_cache[modname]
        elif modname and (module := meanings.modules.read_already(modname)):
            return module.tree
        raise AstroidImportError(f"{modname} was not read", modname=modname)

    original = AstroidManager.ast_from_module_name
    AstroidManager.ast_from_module_name = from_ours  # type: ignore[method-assign]
    try:
        yield
    finally:
        AstroidManager.ast_from_module_name = original  # type: ignore[method-assign]
