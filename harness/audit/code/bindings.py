"""What a name is bound to by the statement that binds it: an import, a definition, an assignment, a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.code import members, results
from harness.audit.code.meaning import Meaning
from harness.audit.code.modules import absolute
from harness.audit.code.trees import elements, looped_over

if TYPE_CHECKING:
    from harness.audit.code.meanings import Meanings, Owner


def of(meanings: Meanings, bound: nodes.NodeNG, name: str, owner: Owner = None) -> Iterable[Meaning]:
    """Return what a name means behind what binds it, as astroid's lookup tells it."""
    match bound:
        case nodes.Import():
            return _imported(meanings, bound, name)
        case nodes.ImportFrom():
            return imported_from(meanings, bound, name)
        case nodes.FunctionDef():
            is_nested = isinstance(bound.parent, nodes.NodeNG) and isinstance(bound.parent.frame(), nodes.FunctionDef)
            return [Meaning(name=meanings.qualified(bound), node=bound, owner=owner if is_nested else None)]
        case nodes.ClassDef():
            return [Meaning(name=meanings.qualified(bound), node=bound)]
        case nodes.AssignName() | nodes.AssignAttr():
            return _assigned(meanings, bound, owner)
    return []


def _imported(meanings: Meanings, bound: nodes.Import, name: str) -> Iterable[Meaning]:
    for module, alias in bound.names:
        if alias == name:
            yield meanings.of_module(module, bound.root())
        elif not alias and module.partition(".")[0] == name:
            yield meanings.of_module(name, bound.root())


def imported_from(meanings: Meanings, bound: nodes.ImportFrom, name: str) -> Iterable[Meaning]:
    """Return what `from … import …` binds to a name."""
    tree = bound.root()
    module = absolute(bound, tree)
    for original, alias in bound.names:
        if original != "*" and (alias or original) == name:
            yield from members.of_module(meanings, meanings.of_module(module, tree), original, tree)


def _assigned(meanings: Meanings, bound: Any, owner: Owner) -> Iterable[Meaning]:
    parent = bound.parent
    if isinstance(parent, nodes.Arguments):
        return _parameter(meanings, parent, bound, owner)
    if isinstance(parent, nodes.NamedExpr | nodes.AugAssign):
        return meanings.of(parent.value, owner)
    statement = bound.assign_type()
    match statement:
        case nodes.AnnAssign():
            return meanings.annotated(statement.annotation, owner) or meanings.of(statement.value, owner)
        case nodes.Assign():
            if isinstance(parent, nodes.Tuple | nodes.List):
                return _unpacked(meanings, parent, bound, meanings.of(statement.value, owner), owner)
            return meanings.of(statement.value, owner)
        case nodes.For() | nodes.AsyncFor() | nodes.Comprehension():
            return _looped(meanings, statement, bound, owner)
        case nodes.With() | nodes.AsyncWith():
            return _with(meanings, statement, bound, owner)
        case nodes.ExceptHandler():
            types = elements(statement.type) if isinstance(statement.type, nodes.Tuple) else [statement.type]
            return [each for one in types for each in meanings.annotated(one, owner)]
    return []


def _parameter(meanings: Meanings, arguments: Any, bound: nodes.NodeNG, owner: Owner) -> Iterable[Meaning]:
    function = arguments.parent
    ordered = [*(arguments.posonlyargs or []), *(arguments.args or [])]
    keywords = arguments.kwonlyargs or []
    within = function.parent.scope() if function.parent else None
    is_first = bound is next(iter(ordered), None)
    if is_first and isinstance(within, nodes.ClassDef) and isinstance(function, nodes.FunctionDef):
        found = _receiver(meanings, function, within, owner)
        if found:
            return found
    spelled = [*(arguments.posonlyargs_annotations or []), *(arguments.annotations or [])]
    noted = dict(zip([*ordered, *keywords], [*spelled, *(arguments.kwonlyargs_annotations or [])], strict=False))
    if noted.get(bound) is not None:
        return meanings.annotated(noted[bound], owner)
    defaults = arguments.defaults or []
    given = dict(zip(ordered[len(ordered) - len(defaults) :], defaults, strict=False))
    given |= dict(zip(keywords, arguments.kw_defaults or [], strict=False))
    return meanings.of(given.get(bound), owner)


def _receiver(meanings: Meanings, method: nodes.FunctionDef, within: nodes.ClassDef, owner: Owner) -> list[Meaning]:
    """Return what `self` or `cls` is: of the class that is really running, if it inherits the method."""
    decorators = {each.as_string() for each in method.decorators.nodes} if method.decorators else set()
    if "staticmethod" in decorators:
        return []
    really = owner if owner is not None and within in members.ancestors(meanings, owner) else within
    is_class = "classmethod" in decorators or method.name in ("__new__", "__init_subclass__")
    return [Meaning(name=meanings.qualified(really), node=really, instance=not is_class)]


def _unpacked(
    meanings: Meanings, target: nodes.NodeNG, bound: nodes.NodeNG, values: Iterable[Meaning], owner: Owner
) -> Iterable[Meaning]:
    targets = elements(target)
    place = targets.index(bound) if bound in targets else -1
    for value in values:
        if value.name == "builtins.tuple" and 0 <= place < len(value.arguments):
            element = value.arguments[place]
            yield from meanings.annotated(element, owner) if value.annotated else meanings.of(element, owner)


def _looped(meanings: Meanings, loop: nodes.NodeNG, bound: nodes.NodeNG, owner: Owner) -> Iterable[Meaning]:
    found = list(results.elements(meanings, looped_over(loop), owner))
    if isinstance(bound.parent, nodes.Tuple):
        return _unpacked(meanings, bound.parent, bound, found, owner)
    return found


def _with(meanings: Meanings, statement: nodes.With, bound: nodes.NodeNG, owner: Owner) -> Iterable[Meaning]:
    for expression, target in statement.items:
        if target is not bound:
            continue
        for found in meanings.of(expression, owner):
            opened = found.node
            if found.instance and isinstance(opened, nodes.ClassDef):
                entering = ("__aenter__", "__enter__")
                methods = [each for name in entering for each in members.of(meanings, found, name)]
                yield from [each for one in methods for each in results.of_function(meanings, one)] or [found]
            else:
                yield found
