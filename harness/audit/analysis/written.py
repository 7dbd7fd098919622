"""Names as the code's imports spell them, through variables and attributes: ``openai.AsyncOpenAI().models.list``.

Inference gives the place where a library keeps a class (``httpx._client.AsyncClient``) and nothing at all for a library
that is not installed. What the user wrote is public, stable and always there, so the tables of the rules on activities
use that: the imported name, ``()`` for "what the call returns", and the attributes behind it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from astroid import nodes

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_STEPS = 12
"""How many variables, attributes and functions are followed to the origin of a value."""

_FOREIGN = sys.stdlib_module_names | {"temporalio", "openai", "anthropic", "httpx", "requests", "pydantic"}
"""Packages that are no user's, whatever folder they are in; the frequent ones, to save the search."""

Function = nodes.FunctionDef
"""A function or method; an async one is of a class below this."""


def written(node: Any, *, project: Project, steps: int = _STEPS) -> str:
    """Return the dotted name of an expression, from its import on; empty if that cannot be told."""
    if steps <= 0 or not isinstance(node, _NAMED):
        return ""
    known = _WRITTEN.setdefault(project, {})
    if node not in known:
        name = _written(node, project, steps - 1)
        if steps < _STEPS // 2:
            return name  # cut short perhaps: not one to remember
        known[node] = name
    return known[node]


_NAMED = (
    nodes.Attribute,
    nodes.Call,
    nodes.Name,
    nodes.Await,
    nodes.NamedExpr,
    nodes.IfExp,
    nodes.BoolOp,
    nodes.FunctionDef,
    nodes.ClassDef,
    nodes.Module,
)
"""Nodes that may have a name."""

_WRITTEN: WeakKeyDictionary[Project, dict[Any, str]] = WeakKeyDictionary()


def _written(node: Any, project: Project, below: int) -> str:
    match node:
        case nodes.Attribute():
            return _attribute(node, project, below)
        case nodes.Call():
            return _returned(node, project, below)
        case nodes.Name():
            return _first(_named(node, project, below))
        case nodes.Await() | nodes.NamedExpr():
            return written(node.value, project=project, steps=below)
        case nodes.IfExp():
            return _first(written(one, project=project, steps=below) for one in (node.body, node.orelse))
        case nodes.BoolOp():
            return _first(written(one, project=project, steps=below) for one in reversed(node.values))
        case nodes.FunctionDef() | nodes.ClassDef():
            return f"{node.root().name}.{node.name}"
        case nodes.Module():
            return str(node.name)
    return ""


def definitions(node: Any, *, project: Project, steps: int = _STEPS) -> list[Any]:
    """Return what a name or attribute stands for in the user's own code: values, functions, classes or modules.

    Several where the code assigns several; empty for parameters, loop variables and what comes from elsewhere.
    """
    if steps <= 0:
        return []
    match node:
        case nodes.Name():
            found = [one for origin in node.lookup(node.name)[1] for one in _origin(origin, node.name, project)]
        case nodes.Attribute():
            found = list(_members(node, project, steps - 1))
        case _:
            return [node]
    return [end for one in found for end in definitions(one, project=project, steps=steps - 1)]


def functions_of(call: nodes.Call, *, project: Project) -> list[Function]:
    """Return the functions of the user that a call runs: the function, the method, or a class's ``__init__``."""
    return called_functions(call.func, project=project)


def called_functions(reference: Any, *, project: Project) -> list[Function]:
    """Return the functions of the user that a call of this expression would run."""
    known = _CALLED.setdefault(project, {})
    if reference not in known:
        found: list[Function] = []
        for one in definitions(reference, project=project):
            if isinstance(one, nodes.FunctionDef) and one not in found:
                found.append(one)
            elif isinstance(one, nodes.ClassDef):
                found += [member for member in one.locals.get("__init__", ()) if isinstance(member, nodes.FunctionDef)]
        known[reference] = found
    return known[reference]


_CALLED: WeakKeyDictionary[Project, dict[Any, list[Function]]] = WeakKeyDictionary()


def users_module(name: str, *, project: Project) -> nodes.Module | None:
    """Return the module of the user that has this dotted name; None for those of Python and of packages."""
    if name.partition(".")[0] in _FOREIGN:
        return None
    found = project.module_named(name)
    return found.tree if found and not found.installed else None


def _family(owner: nodes.ClassDef, project: Project, steps: int = _STEPS) -> Iterator[nodes.ClassDef]:
    """Yield a class and those of the user from which it inherits."""
    yield owner
    for base in owner.bases if steps else ():
        for one in definitions(base, project=project, steps=steps - 1):
            if isinstance(one, nodes.ClassDef) and one is not owner:
                yield from _family(one, project, steps - 1)


def _first(names: Iterator[str]) -> str:
    return next((name for name in names if name), "")


def _attribute(node: nodes.Attribute, project: Project, steps: int) -> str:
    owner = written(node.expr, project=project, steps=steps)
    for member in _members(node, project, steps):
        if name := written(member, project=project, steps=steps):
            return name
    return f"{owner}.{node.attrname}" if owner else ""


def _returned(node: nodes.Call, project: Project, steps: int) -> str:
    for function in definitions(node.func, project=project, steps=steps):
        if isinstance(function, nodes.FunctionDef):
            gives = (one.value for one in own_nodes(function, nodes.Return | nodes.Yield) if one.value is not None)
            if name := _first(written(one, project=project, steps=steps) for one in gives):
                return name
    name = written(node.func, project=project, steps=steps)
    return f"{name}()" if name else ""


def _named(node: nodes.Name, project: Project, steps: int) -> Iterator[str]:
    scope, origins = node.lookup(node.name)
    if scope.root().name == "builtins":
        yield f"builtins.{node.name}"
        return
    for origin in origins:
        if isinstance(origin, nodes.Import):
            yield _imported(origin, node.name)
        elif isinstance(origin, nodes.ImportFrom):
            ours = list(_origin(origin, node.name, project))
            yield from (written(one, project=project, steps=steps) for one in ours)
            if not ours:
                yield f"{module_named(origin)}.{origin.real_name(node.name)}"
        elif annotation := _annotation(origin):
            name = written(annotation, project=project, steps=steps)
            yield f"{name}()" if name else ""
        else:
            yield from (written(one, project=project, steps=steps) for one in _origin(origin, node.name, project))


def _imported(origin: nodes.Import, name: str) -> str:
    for module, alias in origin.names:
        if alias == name:
            return str(module)
        if alias is None and module.partition(".")[0] == name:
            return name
    return ""


def module_named(origin: nodes.ImportFrom) -> str:
    """Return the absolute name of the module that ``from … import`` names."""
    if not origin.level:
        return str(origin.modname)
    return str(origin.root().relative_to_absolute_name(origin.modname or "", origin.level))


def _annotation(origin: Any) -> Any:
    """Return the annotation of a parameter, without its ``| None``; None for anything else."""
    arguments = origin.parent
    if not isinstance(arguments, nodes.Arguments):
        return None
    everyone = [*(arguments.posonlyargs or ()), *(arguments.args or ()), *(arguments.kwonlyargs or ())]
    annotations = [
        *(arguments.posonlyargs_annotations or ()),
        *(arguments.annotations or ()),
        *(arguments.kwonlyargs_annotations or ()),
    ]
    found = next((note for one, note in zip(everyone, annotations, strict=False) if one.name == origin.name), None)
    return found.left if isinstance(found, nodes.BinOp) and found.op == "|" else found


def _origin(origin: Any, name: str, project: Project) -> Iterator[Any]:
    """Yield the values, functions, classes or modules of the user's code that one binding of a name stands for."""
    match origin:
        case nodes.FunctionDef() | nodes.ClassDef():
            yield origin
        case nodes.Import():
            for module, alias in origin.names:
                if name in (alias, module) and (ours := users_module(module, project=project)):
                    yield ours
        case nodes.ImportFrom():
            real = origin.real_name(name)
            if ours := users_module(f"{module_named(origin)}.{real}", project=project):
                yield ours
            elif ours := users_module(module_named(origin), project=project):
                yield from _locals(ours, real, project)
        case nodes.AssignName():
            yield from _assigned(origin)


def _locals(owner: Any, name: str, project: Project) -> Iterator[Any]:
    for origin in owner.locals.get(name, ()):
        yield from _origin(origin, name, project)


def _assigned(target: Any) -> Iterator[Any]:
    """Yield the value that an assignment, a walrus or a ``with`` gives to its target."""
    parent = target.parent
    match parent:
        case nodes.Assign() | nodes.AnnAssign() | nodes.NamedExpr():
            if parent.value is not None:
                yield parent.value
        case nodes.With():
            yield from (expr for expr, bound in parent.items if bound is target)


def _members(node: nodes.Attribute, project: Project, steps: int) -> Iterator[Any]:
    """Yield what an attribute stands for, where its owner is a module or an instance of a class of the user."""
    for owner in [*_self(node.expr, project), *_owners(node.expr, project, steps)]:
        for origin in owner.locals.get(node.attrname, ()):
            yield from _origin(origin, node.attrname, project)
        if isinstance(owner, nodes.ClassDef):
            for target in _set_on_self(owner, project).get(node.attrname, ()):
                yield from _assigned(target)


def _set_on_self(owner: nodes.ClassDef, project: Project) -> dict[str, list[nodes.AssignAttr]]:
    """Return the places where methods of a class set attributes of their first parameter, by attribute."""
    known = _SET.setdefault(project, {})
    if owner not in known:
        known[owner] = {}
        for method in owner.body:
            if isinstance(method, nodes.FunctionDef) and method.args.args:
                first = method.args.args[0].name
                for target in method.nodes_of_class(nodes.AssignAttr):
                    if isinstance(target.expr, nodes.Name) and target.expr.name == first:
                        known[owner].setdefault(target.attrname, []).append(target)
    return known[owner]


_SET: WeakKeyDictionary[Project, dict[Any, dict[str, list[nodes.AssignAttr]]]] = WeakKeyDictionary()


def _self(node: Any, project: Project) -> Iterator[nodes.ClassDef]:
    """Yield the class of the method, if this is its first parameter, and the classes below which it inherits."""
    function: Any = node.frame() if isinstance(node, nodes.Name) else None
    while isinstance(function, nodes.FunctionDef) and not isinstance(function.parent, nodes.ClassDef):
        function = function.parent.frame() if function.parent is not None else None
    if not isinstance(function, nodes.FunctionDef):
        return
    positional = [*(function.args.posonlyargs or ()), *(function.args.args or ())]
    if positional and positional[0].name == node.name and isinstance(function.parent, nodes.ClassDef):
        yield from _family(function.parent, project)


def _owners(node: Any, project: Project, steps: int) -> Iterator[Any]:
    for one in definitions(node, project=project, steps=steps):
        if isinstance(one, nodes.Module | nodes.ClassDef):
            yield one
        elif isinstance(one, nodes.Call):
            classes = definitions(one.func, project=project, steps=steps)
            yield from (found for found in classes if isinstance(found, nodes.ClassDef))


def own_nodes(function: Any, kind: Any) -> Iterator[Any]:
    """Yield the nodes of a kind in a function's body, from the top down, without those of functions defined in it."""
    waiting: list[Any] = list(reversed(function.body)) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        if not isinstance(node, nodes.FunctionDef | nodes.ClassDef):
            waiting += reversed(list(node.get_children()))
