"""The call graph: which other code a piece of code runs.

Code runs other code by calls, constructors, properties and decorators, and by functions that it passes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from astroid import nodes

from harness.audit.code import members
from harness.audit.code.astroid_nodes import elements, looped_over
from harness.audit.code.declarations import Declarations
from harness.audit.code.executed_nodes import walk
from harness.audit.code.name_resolver import NameResolver
from harness.audit.code.places import place_of
from harness.audit.code.resolved_name import Owner, ResolvedName
from harness.audit.code.runtime_checks import Inside, skipped
from harness.records.audit_result import Unresolved

_CONSTRUCTORS = ("__new__", "__init__", "__post_init__", "__attrs_post_init__", "model_post_init")
_FACTORIES = ("default_factory", "factory")
_FIELDS = {"dataclasses.field", "pydantic.Field", "pydantic.PrivateAttr", "pydantic.fields.Field"}
_FIELDS |= {"attr.ib", "attrs.field", "attr.field", "pydantic.dataclasses.Field", "msgspec.field"}
_RUN_BY_PLUGINS = ("agents.Runner.", "agents.run.Runner.")
"""What a plugin of Temporal puts something else in the place of."""

_CALLED_BY_TEMPORAL = ("wait_condition", "_handler")
_ENTERED = {
    nodes.With: ("__enter__", "__exit__"),
    nodes.AsyncWith: ("__aenter__", "__aexit__"),
    nodes.For: ("__iter__", "__next__"),
    nodes.AsyncFor: ("__aiter__", "__anext__"),
}


@dataclass(frozen=True, kw_only=True)
class CallEdge:
    """One edge of the call graph: from a piece of code to another that it runs.

    Attributes:
        target: The function, lambda or module.
        owner: The class that `self` is an instance of there.
        at: The node that leads on.
        what: What it does, in words.
    """

    target: nodes.LocalsDictNodeNG
    owner: Owner = None
    at: nodes.NodeNG
    what: str


class CallGraph:
    """Finds the code that pieces of code run, and remembers the calls that it could not follow.

    Args:
        resolver: Tells what expressions mean.
        declared: Tells what activities and workflows are: a reference to one does not run it.
    """

    def __init__(self, resolver: NameResolver, *, declared: Declarations) -> None:
        self.resolver = resolver
        self.declared = declared
        self.unresolved: dict[nodes.Call, Unresolved] = {}
        self._walked: dict[nodes.NodeNG, tuple[nodes.NodeNG, ...]] = {}
        self._never_run: dict[nodes.NodeNG, frozenset[nodes.NodeNG]] = {}
        self._known: dict[tuple[nodes.NodeNG, Owner], tuple[CallEdge, ...]] = {}

    def walked(self, node: nodes.NodeNG) -> tuple[nodes.NodeNG, ...]:
        """Return the nodes that run in a piece of code."""
        if node not in self._walked:
            self._walked[node] = tuple(walk(node, without=self._skipped(node.scope())))
        return self._walked[node]

    def _skipped(self, piece: nodes.NodeNG) -> frozenset[nodes.NodeNG]:
        if piece not in self._never_run:
            self._never_run[piece] = skipped(self.resolver, piece, Inside.WORKFLOW)
        return self._never_run[piece]

    def edges_of(self, node: nodes.NodeNG, owner: Owner = None) -> tuple[CallEdge, ...]:
        """Return the edges from a piece of code, in the order of its text, each target once."""
        key = (node, owner)
        if key not in self._known:
            first: dict[tuple[nodes.NodeNG, Owner], CallEdge] = {}
            for step in self._steps(node, owner):
                first.setdefault((step.target, step.owner), step)
            self._known[key] = tuple(first.values())
        return self._known[key]

    def _steps(self, piece: nodes.NodeNG, owner: Owner) -> Iterator[CallEdge]:
        passed: set[nodes.NodeNG] = set()
        for node in self.walked(piece):
            if isinstance(node, nodes.Call):
                passed.add(node.func)
                names = self.resolver.of(node.func, owner)
                if any(each.name.startswith("temporalio.") for each in names):
                    if not any(each.name.endswith(_CALLED_BY_TEMPORAL) for each in names):
                        passed |= set(_given(node))
                    continue
                if any(each.name.startswith(_RUN_BY_PLUGINS) for each in names):
                    continue
                yield from self._called(node, names, owner)
            elif isinstance(node, nodes.Lambda) and not isinstance(node, nodes.FunctionDef):
                if node not in passed:
                    yield CallEdge(target=node, owner=owner, at=node, what="runs a lambda")
            elif isinstance(node, nodes.Name | nodes.Attribute):
                if node not in passed and not isinstance(piece, nodes.Module):
                    yield from self._used(node, owner)
            elif type(node) in _ENTERED:
                yield from self._entered(node, owner)
            elif isinstance(node, nodes.FunctionDef | nodes.ClassDef) and node.decorators:
                yield from self._decorating(node, owner)

    def _called(self, call: nodes.Call, names: tuple[ResolvedName, ...], owner: Owner) -> Iterator[CallEdge]:
        if not names and not isinstance(call.func, nodes.Call):
            self.unresolved.setdefault(call, self._unresolved(call))
        shown = f"calls {_shown(call.func)}()"
        for resolved in names:
            entered = self.resolver.entered(resolved, call.root())
            if isinstance(entered.node, nodes.ClassDef):
                names_of = ("__call__",) if entered.instance else _CONSTRUCTORS
                yield from self._methods(entered.node, names_of, call, shown)
                if not entered.instance:
                    yield from self.factories(entered.node, call)
            elif isinstance(entered.node, nodes.FunctionDef | nodes.Lambda):
                target = entered.node
                yield CallEdge(target=target, owner=entered.owner, at=call, what=shown)
                if isinstance(target, nodes.FunctionDef):
                    yield from self._wrappers(target, call)

    def _unresolved(self, call: nodes.Call) -> Unresolved:
        first = call.func
        while isinstance(first, nodes.Attribute):
            first = first.expr
        why = "what it is called on is not known"
        if isinstance(first, nodes.Name):
            bound = first.lookup(first.name)[1]
            if not bound:
                why = f"{first.name} is bound nowhere in this module"
            elif any(isinstance(each.parent, nodes.Arguments) for each in bound):
                why = f"{first.name} is a parameter of unknown type"
            elif any(isinstance(each, nodes.ImportFrom) for each in bound):
                why = f"{first.name} is not there, where it is imported from"
        return Unresolved(place=place_of(call, self.resolver.modules), name=_shown(call.func), why=why)

    def _methods(
        self, owner: nodes.ClassDef, names: tuple[str, ...], at: nodes.NodeNG, what: str
    ) -> Iterator[CallEdge]:
        for name in names:
            for method in members.methods(self.resolver, owner, name):
                yield CallEdge(target=method, owner=owner, at=at, what=what)
                break

    def factories(self, node: nodes.ClassDef, at: nodes.NodeNG) -> Iterator[CallEdge]:
        """Yield the steps into functions that make the defaults of a class's fields."""
        for each in members.ancestors(self.resolver, node):
            for name, factory in factories_of(self.resolver, each):
                for resolved in self.resolver.of(factory):
                    what = f"makes {node.name}, whose field {name} has a default_factory"
                    if isinstance(resolved.node, nodes.FunctionDef | nodes.Lambda):
                        yield CallEdge(target=resolved.node, owner=resolved.owner, at=at, what=what)
                    elif isinstance(resolved.node, nodes.ClassDef) and resolved.node is not node:
                        yield from self._methods(resolved.node, _CONSTRUCTORS, at, what)

    def _used(self, node: nodes.Name | nodes.Attribute, owner: Owner) -> Iterator[CallEdge]:
        """Yield the step into a function that is named without being called: someone will call it."""
        if isinstance(node, nodes.Attribute):
            for of in self.resolver.of(node.expr, owner):
                if isinstance(of.node, nodes.ClassDef) and of.instance:
                    for method in members.methods(self.resolver, of.node, node.attrname):
                        yield from self._reference(method, node, of.node)
                        break
            return
        for resolved in self.resolver.of(node, owner):
            if isinstance(resolved.node, nodes.FunctionDef):
                yield from self._reference(resolved.node, node, resolved.owner)

    def _reference(self, target: nodes.FunctionDef, at: nodes.NodeNG, owner: Owner) -> Iterator[CallEdge]:
        if self.declared.activity(target) or self.declared.entry_methods(target):
            return
        if not members.is_property(target) and _is_handed_back(at):
            return  # whoever calls what this returns runs it, and that call is an edge of its own
        verb = "reads the property" if members.is_property(target) else "passes on"
        yield CallEdge(target=target, owner=owner, at=at, what=f"{verb} {_shown(at)}")

    def _entered(self, node: nodes.NodeNG, owner: Owner) -> Iterator[CallEdge]:
        opened = [each for each, _ in node.items] if isinstance(node, nodes.With) else [looped_over(node)]
        for expression in opened:
            for resolved in self.resolver.of(expression, owner):
                if isinstance(resolved.node, nodes.ClassDef) and resolved.instance:
                    names = _ENTERED[type(node)]
                    yield from self._methods(resolved.node, names, expression, f"enters {_shown(expression)}")

    def _decorating(self, node: nodes.FunctionDef | nodes.ClassDef, owner: Owner) -> Iterator[CallEdge]:
        for decorator in node.decorators.nodes if node.decorators else []:
            if isinstance(decorator, nodes.Name | nodes.Attribute):
                for resolved in self.resolver.of(decorator, owner):
                    if isinstance(resolved.node, nodes.FunctionDef):
                        what = f"decorates {node.name} with {_shown(decorator)}"
                        yield CallEdge(target=resolved.node, owner=resolved.owner, at=decorator, what=what)

    def _wrappers(self, target: nodes.FunctionDef, at: nodes.NodeNG) -> Iterator[CallEdge]:
        """Yield the steps into the functions that own decorators put around this one."""
        for decorator in target.decorators.nodes if target.decorators else []:
            called = decorator.func if isinstance(decorator, nodes.Call) else decorator
            for resolved in self.resolver.of(called):
                what = f"calls {target.name}(), which {_shown(called)} wraps"
                if isinstance(resolved.node, nodes.FunctionDef):
                    for wrapper in _functions_in(resolved.node):
                        yield CallEdge(target=wrapper, at=at, what=what)
                elif isinstance(resolved.node, nodes.ClassDef):
                    yield from self._methods(resolved.node, ("__call__",), at, what)


def factories_of(resolver: NameResolver, node: nodes.ClassDef) -> Iterator[tuple[str, nodes.NodeNG]]:
    """Yield the fields of a class whose defaults are made by a function, and the expression of that function."""
    for statement in node.body:
        if not isinstance(statement, nodes.AnnAssign | nodes.Assign) or not isinstance(statement.value, nodes.Call):
            continue
        keywords = {each.arg: each.value for each in statement.value.keywords}
        factory = next((keywords[name] for name in _FACTORIES if name in keywords), None)
        if factory is not None and any(each.name in _FIELDS for each in resolver.of(statement.value.func)):
            target = statement.target if isinstance(statement, nodes.AnnAssign) else statement.targets[0]
            yield target.as_string(), factory


def _functions_in(node: nodes.FunctionDef) -> Iterator[nodes.FunctionDef]:
    for each in node.nodes_of_class(nodes.FunctionDef):
        if each is not node:
            yield each


def _is_handed_back(node: nodes.NodeNG) -> bool:
    """Tell whether a name is only returned: as it is, in a display of several, or bound by `partial`."""
    at: Any = node.parent
    while isinstance(at, nodes.Tuple | nodes.List | nodes.Dict | nodes.Set | nodes.IfExp) or _binds(at, node):
        at = at.parent
    return isinstance(at, nodes.Return)


def _binds(call: nodes.NodeNG | None, node: nodes.NodeNG) -> bool:
    return isinstance(call, nodes.Call) and _shown(call.func) in ("partial", "functools.partial") and node in call.args


def _given(call: nodes.Call) -> Iterator[nodes.NodeNG]:
    """Yield what a call is given that names something: directly, or in a list."""
    stack = [*call.args, *(each.value for each in call.keywords)]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Name | nodes.Attribute):
            yield node
        elif isinstance(node, nodes.List | nodes.Tuple):
            stack.extend(elements(node))


def _shown(node: nodes.NodeNG, limit: int = 60) -> str:
    """Return an expression as written, in one line."""
    text = " ".join(node.as_string().split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
