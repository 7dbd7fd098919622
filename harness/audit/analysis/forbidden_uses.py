"""Where workflow code uses what it may not: calls it, hands it over as a function, or reads it as an attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from astroid import nodes

from harness.audit.analysis.classes import lineage
from harness.audit.analysis.commands import consequences, guarded_by_replaying, unrestricted, workflow_code
from harness.audit.analysis.destinations import Uncertainty, ValueReach
from harness.audit.analysis.forbidden_names import ATTRIBUTES, EXACT, ForbiddenName, find, is_client
from harness.audit.analysis.value_flow import destination_of
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.records.audit_result import AuditFinding, Certainty


@dataclass(frozen=True, kw_only=True)
class ForbiddenUse:
    """One place where workflow code uses a function or value that it may not use.

    Attributes:
        source: What is used.
        node: The call, or the expression that names it.
        name: Its full name.
        handed_over: Whether it is not called here but given to somebody who will.
    """

    source: ForbiddenName
    node: Node
    name: str
    handed_over: bool = False


def uses_in(project: Project, part: Node | ReachedCode, reached: ReachedCode) -> Iterator[ForbiddenUse]:
    """Yield the uses in a piece of code, or in a part of it."""
    for call in project.walk(part, nodes.Call):
        yield from _called(project, call, reached)
        yield from _handed_over(project, call, reached)
    yield from _read(project, part, reached)


def factory_use(project: Project, factory: Node, reached: ReachedCode) -> ForbiddenUse | None:
    """Return the use that a factory without arguments is: the function itself, or a lambda that uses a source."""
    if isinstance(factory, nodes.Lambda):
        return next(uses_in(project, factory.body, reached), None)
    return next(_named(project, factory, SimpleNamespace(args=[], keywords=[]), reached), None)


def _called(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[ForbiddenUse]:
    for name in project.called_names(call, reached):
        for source in find(PATHS.sub("pathlib.Path", name)):
            if not source.attribute and source.when(call) and not _of_something_made(call, name):
                yield ForbiddenUse(source=source, node=call, name=name)
                return
    if owner := _client(project, call, reached):
        yield ForbiddenUse(source=find(owner)[0], node=call, name=project.called_name(call, reached))
    elif distinctive := _distinctive(project, call, reached):
        yield ForbiddenUse(source=distinctive, node=call, name=distinctive.name)


PATHS = re.compile(
    r"^pathlib\.Path(\.(joinpath|parent|parents|with_\w+|absolute|resolve|expanduser|home|cwd)(\(\))?)+(?=\.)"
)
"""A path made from a path; what is called of it is called of a path."""


def _of_something_made(call: nodes.Call, name: str) -> bool:
    """Tell whether what is called was itself made by a call here, which is then the finding: `pool.map`, `stamp()`."""
    if isinstance(call.func, nodes.Name):
        _, bound = call.func.lookup(call.func.name)
        values = [getattr(each.parent, "value", None) for each in bound]
        return bool(values) and all(isinstance(value, nodes.Call) for value in values)
    within = name.split(".")[:-1]
    if PATHS.match(name):
        return False
    made = "()" in name or any(part[:1].isupper() for part in within)
    return made and name not in EXACT and _made_here(call.func)


def _distinctive(project: Project, call: nodes.Call, reached: ReachedCode) -> ForbiddenName | None:
    """Return the source that a method is which only one class has, or one of a naive datetime made on the spot."""
    if not isinstance(call.func, nodes.Attribute):
        return None
    owner, method = call.func.expr, call.func.attrname
    if method == "run_in_executor" and call.args:
        return _EXECUTOR
    if call.args or call.keywords:
        return None
    if method == "astimezone" and project.type_of(owner, reached) in ("", "datetime.datetime"):
        return find("datetime.datetime.astimezone")[0]
    if method == "timestamp" and isinstance(owner, nodes.Call) and _is_naive(project, owner, reached):
        return _NAIVE_TIMESTAMP
    return None


_EXECUTOR = ForbiddenName(name="asyncio.loop.run_in_executor", rule="CP105", instead="an activity")
_NAIVE_TIMESTAMP = ForbiddenName(
    name="datetime.datetime.timestamp", rule="CP103", instead="an explicit time zone, such as tzinfo=timezone.utc"
)


def _is_naive(project: Project, call: nodes.Call, reached: ReachedCode) -> bool:
    name = project.called_name(call, reached)
    if name != "datetime.datetime":
        return name in ("datetime.datetime.combine", "datetime.datetime.utcfromtimestamp") and len(call.args) == 2
    return len(call.args) < 8 and all(each.arg not in ("tzinfo", None) for each in call.keywords)


def _handed_over(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[ForbiddenUse]:
    """Yield sources among the arguments of a call; `partial` binds the arguments that come after."""
    name = project.called_name(call, reached)
    if name in _ONLY_NAMES or name.startswith("temporalio.workflow."):
        return
    for position, value in enumerate([*call.args, *(each.value for each in call.keywords)]):
        if not isinstance(value, nodes.Name | nodes.Attribute):
            continue
        bound: Any = SimpleNamespace(args=[], keywords=[])
        if name == "functools.partial" and position == 0:
            bound = SimpleNamespace(args=call.args[1:], keywords=call.keywords)
        yield from _named(project, value, bound, reached)


_ONLY_NAMES = frozenset(
    f"builtins.{name}" for name in words("isinstance issubclass hasattr getattr type repr print")
) | {
    "typing.cast",
    "inspect.signature",
}


def _named(project: Project, value: Node, bound: Any, reached: ReachedCode) -> Iterator[ForbiddenUse]:
    name = project.name_of(value, reached)
    if not name or not name.rpartition(".")[2][:1].islower():
        return
    for source in find(name):
        if not source.attribute and source.when(bound) and source.rule in ("CP101", "CP102"):
            yield ForbiddenUse(source=source, node=value, name=name, handed_over=True)
            return


def _read(project: Project, part: Node | ReachedCode, reached: ReachedCode) -> Iterator[ForbiddenUse]:
    imported = _imported_attributes(reached.module.tree)
    for node in project.walk(part, nodes.Attribute, nodes.Name):
        if isinstance(node, nodes.Attribute):
            if node.attrname not in ATTRIBUTES:
                continue
        elif node.name not in imported:
            continue
        name = project.name_of(node, reached)
        for source in find(name):
            if source.attribute and source.name == name:
                yield ForbiddenUse(source=source, node=node, name=name)


def _imported_attributes(tree: nodes.Module) -> frozenset[str]:
    """Return the names that a module may have bound to an attribute such as `os.environ`."""
    if tree not in _attributes_of:
        _attributes_of[tree] = frozenset(_bound_to_attributes(tree))
    return _attributes_of[tree]


_attributes_of: WeakKeyDictionary[nodes.Module, frozenset[str]] = WeakKeyDictionary()


def _bound_to_attributes(tree: nodes.Module) -> Iterator[str]:
    for node in tree.nodes_of_class((nodes.ImportFrom, nodes.Assign)):
        if isinstance(node, nodes.ImportFrom):
            yield from (alias or name for name, alias in node.names if name in ATTRIBUTES)
        elif isinstance(node.value, nodes.Attribute) and node.value.attrname in ATTRIBUTES:
            yield from (target.name for target in node.targets if isinstance(target, nodes.AssignName))


def _client(project: Project, call: nodes.Call, reached: ReachedCode) -> str:
    """Return the class of the client of which a call calls a method, if the client was made outside the workflow."""
    if not isinstance(call.func, nodes.Attribute):
        return ""
    name = project.called_name(call, reached)
    parts = name.split(".")
    owner = next((".".join(parts[:end]) for end in range(1, len(parts)) if is_client(".".join(parts[:end]))), "")
    made = _made_here(call.func) or _made_by_own_method(project, call.func, reached)
    return owner if owner and not made else ""


def _made_by_own_method(project: Project, function: Node, reached: ReachedCode) -> bool:
    """Tell whether `self.client` is made by a method that the workflow reaches: that is the finding then."""
    chain = [each for each in function.nodes_of_class(nodes.Attribute) if isinstance(each.expr, nodes.Name)]
    if reached.owner is None or not chain or chain[0].expr.name != "self":
        return False
    return any(
        consequences(project).piece(assign.scope()) is not None
        for each in lineage(project, reached.owner)
        for assign in project.assigned_on_self(each).get(chain[0].attrname, ())
    )


def _made_here(function: Node) -> bool:
    """Tell whether a chain of attributes and calls begins with something that this function made."""
    root = function
    while not isinstance(root, nodes.Name):
        if isinstance(root, nodes.Attribute):
            root = root.expr
        elif isinstance(root, nodes.Call) and isinstance(root.func, nodes.Attribute):
            root = root.func
        elif isinstance(root, nodes.Subscript | nodes.Await):
            root = root.value
        else:
            return True
    if root.name == "self":
        return False
    scope, bound = root.lookup(root.name)
    return isinstance(scope, nodes.FunctionDef) and not any(isinstance(each.parent, nodes.Arguments) for each in bound)


def _makes_default(reached: ReachedCode) -> bool:
    """Tell whether a piece of code is reached because it makes the default of a field: that is judged as a default."""
    return any("default_factory" in step.what for step in reached.path)


def is_excused(project: Project, use: ForbiddenUse, reached: ReachedCode) -> bool:
    """Tell whether a use has no consequence: it serves the log alone, where the sandbox lets it."""
    if guarded_by_replaying(use.node, project, reached):
        return True
    if use.source.rule not in ("CP101", "CP102", "CP103") or use.handed_over:
        return False
    free = not use.source.stopped or reached.passed_through or unrestricted(use.node, project, reached)
    return free and destination_of(project, use.node, Uncertainty.VALUE, reached).reach is ValueReach.NOWHERE


def reaches_command(project: Project, use: ForbiddenUse, reached: ReachedCode) -> bool:
    """Tell whether what a use gives decides what the workflow does, as far as it can be followed."""
    return destination_of(project, use.node, Uncertainty.VALUE, reached).reach is ValueReach.COMMAND


def certainty_of(project: Project, use: ForbiddenUse, reached: ReachedCode) -> Certainty:
    """Return how sure it is that a use breaks the workflow."""
    if use.name.startswith("sys."):
        return Certainty.LOOK
    stopped = use.source.stopped and not reached.passed_through and not use.handed_over
    if stopped and not unrestricted(use.node, project, reached):
        return Certainty.CERTAIN
    if use.source.rule in ("CP104", "CP105", "CP108"):
        return Certainty.LIKELY
    if reaches_command(project, use, reached):
        return Certainty.CERTAIN
    return Certainty.LIKELY


def forbidden(project: Project, rule: str, consequence: str) -> Iterator[AuditFinding]:
    """Yield the findings of one rule of the table of sources.

    Args:
        project: The project.
        rule: Its id.
        consequence: What comes of a use, as a clause.
    """
    for use, reached in _all_uses(project):
        if use.source.rule == rule and not is_excused(project, use, reached):
            certainty = certainty_of(project, use, reached)
            yield project.finding(rule, use.node, message(use, consequence), certainty=certainty, reached=reached)


_known: WeakKeyDictionary[Project, list[tuple[ForbiddenUse, ReachedCode]]] = WeakKeyDictionary()


def _all_uses(project: Project) -> list[tuple[ForbiddenUse, ReachedCode]]:
    """Return the uses in all workflow code, one for each line and rule; looked for once."""
    if project not in _known:
        first_uses: dict[tuple[str, int | None, str], tuple[ForbiddenUse, ReachedCode]] = {}
        for reached in workflow_code(project):
            if not _makes_default(reached):
                for use in uses_in(project, reached, reached):
                    first_uses.setdefault((reached.module.name, use.node.lineno, use.source.rule), (use, reached))
        _known[project] = list(first_uses.values())
    return _known[project]


def message(use: ForbiddenUse, consequence: str) -> str:
    """Return what a finding says: what is used, what comes of it, and what to write instead."""
    what = f"{use.name}()" if isinstance(use.node, nodes.Call) else use.name
    verb = "hands over" if use.handed_over else "calls" if isinstance(use.node, nodes.Call) else "reads"
    return f"Workflow code {verb} {what}: {consequence}. Use {use.source.instead}."
