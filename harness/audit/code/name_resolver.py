"""The name resolver: what names and expressions of the audited code stand for, without running any of it.

Names are followed to their definitions, values to the class that they are made of.

Scopes and lookup are astroid's. What it infers by running through other packages is replaced by names: the name under
which something is imported says what it is, also where the package is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from astroid import nodes
from astroid.exceptions import AstroidError

from harness.audit.code import annotations as annotated_values
from harness.audit.code import bindings, inference, members, returned_values
from harness.audit.code.astroid_nodes import items
from harness.audit.code.modules import Modules
from harness.audit.code.resolved_name import LITERALS, Owner, ResolvedName, qualified

MAX_DEPTH = 60
"""How many steps are taken from an expression to what it means."""

MAX_RESOLVED = 8
"""How many readings of one expression are kept."""


class NameResolver:
    """Finds the definition, or the class of the value, that an expression stands for.

    Args:
        modules: The modules of the project.
    """

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._known: dict[tuple[nodes.NodeNG, Owner], tuple[ResolvedName, ...]] = {}
        self.starring: set[tuple[nodes.Module, str]] = set()
        self.lineages: dict[nodes.ClassDef, list[ResolvedName]] = {}
        self.attributes: dict[nodes.ClassDef, dict[str, list[nodes.AssignAttr]]] = {}
        self.returns: dict[tuple[nodes.NodeNG, Owner], tuple[ResolvedName, ...]] = {}
        self.inferences = 0
        self._entering: list[tuple[ResolvedName, nodes.Module]] = []
        self._depth = 0
        self._below: set[tuple[nodes.NodeNG, Owner]] = set()
        self._ways: dict[type, Callable[[Any, Owner], Iterable[ResolvedName]]] = {
            nodes.Name: self._name,
            nodes.Attribute: self._attribute,
            nodes.Call: lambda node, owner: returned_values.of_call(self, node, owner),
            nodes.Subscript: lambda node, owner: returned_values.of_subscript(self, node, owner),
            nodes.Await: lambda node, owner: self.of(node.value, owner),
            nodes.NamedExpr: lambda node, owner: self.of(node.value, owner),
            nodes.Starred: lambda node, owner: self.of(node.value, owner),
            nodes.IfExp: lambda node, owner: [*self.of(node.body, owner), *self.of(node.orelse, owner)],
            nodes.BoolOp: lambda node, owner: [resolved for each in node.values for resolved in self.of(each, owner)],
            nodes.BinOp: lambda node, owner: self.of(node.left, owner) or self.of(node.right, owner),
            nodes.UnaryOp: lambda node, owner: self.of(node.operand, owner),
            nodes.Const: self._const,
            nodes.Lambda: lambda node, owner: [ResolvedName(name=qualified(node), node=node, owner=owner)],
            **dict.fromkeys(LITERALS, self._literal),
        }

    def of(self, node: nodes.NodeNG | None, owner: Owner = None) -> tuple[ResolvedName, ...]:
        """Return what an expression may mean; nothing if that is unknown.

        Args:
            node: The expression.
            owner: The class that `self` is an instance of there.
        """
        way = self._ways.get(type(node))
        if node is None or way is None:
            return ()
        key = (node, owner)
        if key in self._known:
            return self._known[key]
        if key in self._below or self._depth > MAX_DEPTH:
            return ()
        self._below.add(key)
        self._depth += 1
        try:
            resolved = tuple(dict.fromkeys(way(node, owner)))[:MAX_RESOLVED]
        except (AstroidError, RecursionError):
            resolved = ()
        finally:
            self._depth -= 1
            self._below.discard(key)
        if resolved or not self._depth:
            self._known[key] = resolved
        return resolved

    @property
    def is_deep(self) -> bool:
        """Tell whether an answer is being looked for to answer something else."""
        return self._depth > 1

    def _name(self, node: nodes.Name, owner: Owner) -> Iterable[ResolvedName]:
        scope, statements = node.lookup(node.name)
        if not statements:
            return members.of_star_imports(self, node.root(), node.name)
        if isinstance(scope, nodes.Module) and scope.name == "builtins":
            return [ResolvedName(name=f"builtins.{node.name}")]
        return [resolved for each in statements for resolved in bindings.of(self, each, node.name, owner)]

    def _attribute(self, node: nodes.Attribute, owner: Owner) -> Iterable[ResolvedName]:
        resolved = [each for of in self.of(node.expr, owner) for each in members.of(self, of, node.attrname)]
        return resolved or inference.of(self, node)

    def _const(self, node: nodes.Const, owner: Owner) -> Iterable[ResolvedName]:
        if node.value is None or node.value is Ellipsis:
            return []
        return [ResolvedName(name=f"builtins.{type(node.value).__name__}", instance=True)]

    def _literal(self, node: nodes.NodeNG, owner: Owner) -> Iterable[ResolvedName]:
        elements: Iterable[nodes.NodeNG] = getattr(node, "elts", ())
        if isinstance(node, nodes.Dict):
            elements = [value for _, value in items(node)]
        elif isinstance(node, nodes.ListComp | nodes.SetComp | nodes.GeneratorExp):
            elements = [node.elt]
        elif isinstance(node, nodes.DictComp):
            elements = [node.value]
        return [ResolvedName(name=LITERALS[type(node)], instance=True, arguments=tuple(elements)[:20])]

    def annotated(self, node: nodes.NodeNG | None, owner: Owner = None) -> tuple[ResolvedName, ...]:
        """Return what a value of this annotation may be."""
        return tuple(annotated_values.of(self, node, owner)) if node is not None else ()

    def bound(self, statement: nodes.NodeNG, name: str, owner: Owner = None) -> Iterable[ResolvedName]:
        """Return what a statement that binds a name gives to it."""
        return bindings.of(self, statement, name, owner)

    def returned(self, function: ResolvedName) -> Iterable[ResolvedName]:
        """Return what a function returns."""
        return returned_values.of_function(self, function)

    def of_module(self, name: str, tree: nodes.Module) -> ResolvedName:
        """Return what the import of a module stands for: with its tree if it is the project's own code."""
        path = self.modules.path_of(name, tree) if self.modules.knows(tree) else None
        module = self.modules.at(path) if path else None
        return ResolvedName(name=name, node=module.tree if module else None)

    def entered(self, resolved: ResolvedName, tree: nodes.Module) -> ResolvedName:
        """Return the same with its definition, if it is a name of an installed package that may be read."""
        if resolved.node is not None or resolved.name.startswith("builtins."):
            return resolved
        parts = resolved.name.split(".")
        for end in range(len(parts), 0, -1):
            if module := self.modules.imported(".".join(parts[:end]), tree):
                definitions = [ResolvedName(name=module.name, node=module.tree)]
                for part in parts[end:]:
                    below = [each for of in definitions for each in members.of(self, of, part)]
                    definitions = [self._entered_once(each, module.tree) for each in below]
                return next((each for each in definitions if each.node is not None), resolved)
        return resolved

    def _entered_once(self, resolved: ResolvedName, tree: nodes.Module) -> ResolvedName:
        entering = (resolved, tree)
        if entering in self._entering or len(self._entering) > 8:
            return resolved
        self._entering.append(entering)
        try:
            return self.entered(resolved, tree)
        finally:
            self._entering.pop()
