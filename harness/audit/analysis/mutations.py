"""What code changes that outlives the call: attributes of the object, of its class, and variables of modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from astroid import nodes

from harness.audit.analysis.classes import class_values, sets_on_self
from harness.audit.analysis.module_values import module_value
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.modules import absolute
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode

_METHODS = words(
    "append appendleft extend extendleft insert pop popleft popitem remove discard add clear update setdefault sort"
    " reverse put_nowait get_nowait subtract rotate difference_update intersection_update symmetric_difference_update"
    " move_to_end __setitem__"
)
_FUNCTIONS = words(
    "builtins.next builtins.setattr builtins.delattr heapq.heappush heapq.heappop heapq.heapify heapq.heappushpop"
    " heapq.heapreplace bisect.insort bisect.insort_left bisect.insort_right random.shuffle"
)
_CONTAINERS = words(
    "builtins.list builtins.dict builtins.set builtins.bytearray collections.deque collections.defaultdict"
    " collections.OrderedDict collections.Counter asyncio.Queue asyncio.queues.Queue queue.Queue itertools.count"
    " itertools.cycle typing.List typing.Dict typing.Set typing.DefaultDict typing.Deque"
)


class Kept(StrEnum):
    """Where a value lives that audited code changes: in an instance, a class, a module or a default argument."""

    INSTANCE = "instance"
    CLASS = "class"
    MODULE = "module"
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One change of a value that outlives the call that makes it.

    Attributes:
        kept: Where what is changed lives.
        node: The statement or call that changes it.
        what: It, as written.
        name: The attribute of the object or class, or the variable of the module.
        root: The outermost name in it.
    """

    kept: Kept
    node: Node
    what: str
    name: str
    root: Node


def changes_in(project: Project, part: Node | ReachedCode, reached: ReachedCode) -> Iterator[StateChange]:
    """Yield the changes in a piece of code, or in a part of it."""
    for node in project.walk(part):
        target, is_store = _target(project, node, reached)
        if target is None:
            continue
        change = _change(project, node, target, reached, is_store=is_store)
        if change is not None:
            yield change


def _target(project: Project, node: Node, reached: ReachedCode) -> tuple[Node | None, bool]:
    """Return the expression that a node changes, and whether it does so by assigning to it."""
    if isinstance(node, nodes.AssignAttr | nodes.DelAttr):
        return node, True
    if isinstance(node, nodes.AssignName | nodes.DelName):
        return (node, True) if _is_global(node) else (None, False)
    if isinstance(node, nodes.Subscript) and node.ctx.name in ("Store", "Del"):
        return node.value, False
    if isinstance(node, nodes.Call):
        function = node.func
        if isinstance(function, nodes.Attribute) and function.attrname in _METHODS:
            return function.expr, False
        if node.args and project.called_name(node, reached) in _FUNCTIONS:
            return node.args[0], False
    return None, False


def _is_global(node: Node) -> bool:
    scope = node.scope()
    if not isinstance(scope, nodes.FunctionDef):
        return False
    return any(node.name in each.names for each in scope.nodes_of_class(nodes.Global, nodes.FunctionDef))


def _change(project: Project, node: Node, target: Node, reached: ReachedCode, *, is_store: bool) -> StateChange | None:
    root, name = _rooted(target)
    kept = _kept(project, root, name, target, reached, is_store=is_store)
    if kept is None:
        return None
    what = project.source(target if is_store or isinstance(node, nodes.Call) else node, 40)
    return StateChange(kept=kept, node=node, what=what, name=name or getattr(root, "name", ""), root=root)


def _rooted(target: Node) -> tuple[Node, str]:
    """Return the outermost name of `self.notes[0].tags`, and the first attribute of it (`notes`)."""
    name = ""
    node = target
    while True:
        if isinstance(node, nodes.Attribute | nodes.AssignAttr | nodes.DelAttr):
            if isinstance(node, nodes.Attribute) and node.attrname == "__class__":
                return node, name
            name, node = node.attrname, node.expr
        elif isinstance(node, nodes.Subscript):
            node = node.value
        else:
            return node, name


def _kept(
    project: Project, root: Node, name: str, target: Node, reached: ReachedCode, *, is_store: bool
) -> Kept | None:
    if isinstance(root, (nodes.Attribute, nodes.Call)):
        of_class = isinstance(root, nodes.Attribute) or project.called_name(root, reached) == "builtins.type"
        return Kept.CLASS if of_class and name else None
    if not isinstance(root, nodes.Name | nodes.AssignName | nodes.DelName):
        return None
    if root.name == "self" and reached.owner is not None:
        return _of_self(project, name, target, reached, is_store=is_store)
    if root.name == "cls" and reached.owner is not None:
        return Kept.CLASS if name else None
    if isinstance(root, nodes.AssignName | nodes.DelName):
        return Kept.MODULE
    scope, bound = root.lookup(root.name)
    if isinstance(scope, nodes.Module):
        return _of_module(project, root, name, target, reached, is_store=is_store)
    if any(isinstance(each.parent, nodes.Arguments) for each in bound):
        return Kept.DEFAULT if not name and _mutable_default(root, bound) else None
    return _of_alias(project, bound, reached)


def _of_self(project: Project, name: str, target: Node, reached: ReachedCode, *, is_store: bool) -> Kept | None:
    if not name:
        return None
    if is_store:
        return Kept.INSTANCE
    if not _may_be_container(project, target, reached):
        return None
    owner = reached.owner
    assert owner is not None
    of_class = any(_makes_container(value) for value in class_values(project, owner, name))
    return Kept.CLASS if of_class and not sets_on_self(project, owner, name) else Kept.INSTANCE


def _makes_container(value: Node | None) -> bool:
    if isinstance(value, nodes.List | nodes.Dict | nodes.Set | nodes.ListComp | nodes.DictComp | nodes.SetComp):
        return True
    if not isinstance(value, nodes.Call):
        return False
    last = getattr(value.func, "attrname", getattr(value.func, "name", ""))
    return last in {each.rpartition(".")[2] for each in _CONTAINERS}


def _may_be_container(project: Project, target: Node, reached: ReachedCode) -> bool:
    types = project.types_of(target, reached)
    return not types or bool(types & _CONTAINERS)


def _of_module(
    project: Project, root: nodes.Name, name: str, target: Node, reached: ReachedCode, *, is_store: bool
) -> Kept | None:
    defined = project.definition_of(root, reached)
    if isinstance(defined, nodes.ClassDef):
        return Kept.CLASS if name and project.module_of(defined).own else None
    if defined is not None:
        return None
    if is_store:
        owner = project.module_named(project.name_of(target.expr, reached)) if name else None
        return Kept.MODULE if not name or (owner is not None and owner.own) else None
    if project.types_of(target, reached) & _CONTAINERS:
        return Kept.MODULE if _is_own(project, root, reached) else None
    value = module_value(project, target, reached)
    return Kept.MODULE if _makes_container(value) else None


def _is_own(project: Project, root: nodes.Name, reached: ReachedCode) -> bool:
    _, bound = root.lookup(root.name)
    for each in bound:
        if isinstance(each, nodes.ImportFrom):
            module = project.module_named(absolute(each, root.root()))
            return module is not None and module.own
        if isinstance(each, nodes.Import):
            module = project.module_named(project.name_of(root, reached) or root.name)
            return module is not None and module.own
    return True


def _mutable_default(root: nodes.Name, bound: list[Node]) -> bool:
    scope: Node = root.scope()
    if any(not isinstance(each.parent, nodes.Arguments) for each in scope.locals.get(root.name, [])):
        return False
    arguments = scope.args
    try:
        default = arguments.default_value(root.name)
    except Exception:  # astroid: NoDefault
        return False
    return _makes_container(default)


def _of_alias(project: Project, bound: list[Node], reached: ReachedCode) -> Kept | None:
    """Tell whether a local variable is another name of an attribute of the object: `notes = self._notes`."""
    for each in bound:
        statement = each.parent
        if not isinstance(statement, nodes.Assign | nodes.AnnAssign | nodes.NamedExpr):
            return None
        value = statement.value
        if not isinstance(value, nodes.Attribute | nodes.Subscript):
            return None
        root, name = _rooted(value)
        if not (isinstance(root, nodes.Name) and root.name == "self" and name):
            return None
        if isinstance(value, nodes.Subscript) and isinstance(value.slice, nodes.Slice):
            return None
    return Kept.INSTANCE if bound and reached.owner is not None else None
