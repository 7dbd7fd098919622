"""What one activity leaves in the memory of its worker process for the next one, which may run in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.analysis.effects import effect_of
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import children
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_COLLECTIONS = words(
    "dict list set defaultdict OrderedDict deque Counter WeakSet WeakValueDictionary TTLCache LRUCache"
)
_MEMBERSHIP = ("in", "not in")
_ADDS = words("add append appendleft update setdefault insert extend")
_ASKS = {"get", "setdefault", "pop", "keys", "items", "values", "copy"}


def _remembered(project: Project) -> Iterator[AuditFinding]:
    frames = [frame for activity in project.activities for frame in frames_of(activity, project=project)]
    written: dict[nodes.NodeNG, set[Activity]] = {}
    for frame in frames:
        for store, _ in _stores(frame):
            written.setdefault(store, set()).add(frame.activity)
    reported: set[nodes.NodeNG] = set()
    for frame in frames:
        for node, message in (*_left_by_another(frame, written), *_built_up(frame), *_done_before(frame, project)):
            if node not in reported:
                reported.add(node)
                full = f"{message} A crash, a deployment or a second worker process empties it. Return it, and let the "
                full += "workflow pass it on: the history keeps it."
                reached = reached_in(frame, project=project)
                yield project.finding("CP310", node, full, certainty=Certainty.LIKELY, reached=reached)


def _left_by_another(frame: CallFrame, written: dict[nodes.NodeNG, set[Activity]]) -> Iterator[tuple[Any, str]]:
    """Yield reads that fail if no other activity has run in this very process before."""
    for node in own_nodes(frame.function, nodes.Subscript):
        store = _store_of(node.value)
        if store is None or node.ctx.name != "Load" or _looked_up_first(frame, node.value.name):
            continue
        others = {one.name for one in written.get(store, ()) if one is not frame.activity}
        if others and frame.activity not in written.get(store, ()):
            by = " and ".join(sorted(repr(one) for one in others))
            yield (
                node,
                f"The activity {frame.activity.name!r} needs what {by} left in {node.value.name}, a variable of the "
                "worker process.",
            )


def _built_up(frame: CallFrame) -> Iterator[tuple[Any, str]]:
    """Yield entries that are made of what was there before and more, where what was there is used otherwise, too."""
    for _, assign in _stores(frame):
        name = str(assign.targets[0].value.name)
        grown = _grown_from(frame, name)
        parts = {one.name for one in assign.value.nodes_of_class(nodes.Name)}
        if isinstance(assign.value, nodes.Name) or not parts & grown or not _passed_on(frame, grown, assign):
            continue
        yield (
            assign,
            f"The activity {frame.activity.name!r} goes on from what its last run left in {name}, a variable of the "
            "worker process.",
        )


def _done_before(frame: CallFrame, project: Project) -> Iterator[tuple[Any, str]]:
    """Yield conditions by which an effect without a key is left out because the process remembers that it was done."""
    tests = [one for one in own_nodes(frame.function, nodes.If) if _remembers(one.test, frame)]
    if not tests:
        return
    effects = (effect_of(call, frame, project=project) for call in frame.calls())
    effect = next((one for one in effects if one is not None and not one.keys and not one.unknown), None)
    for one in tests if effect is not None else ():
        yield (
            one.test,
            f"The activity {frame.activity.name!r} leaves out its effect where {_remembers(one.test, frame)}, in the "
            "memory of the worker process, says that it was done.",
        )


def _remembers(test: Any, frame: CallFrame) -> str:
    """Return the collection that a condition looks into, and that the same function adds to; empty if there is none."""
    asked = [
        part for compare in test.nodes_of_class(nodes.Compare) for name, part in compare.ops if name in _MEMBERSHIP
    ]
    asked += [
        call.func.expr
        for call in test.nodes_of_class(nodes.Call)
        if isinstance(call.func, nodes.Attribute) and call.func.attrname == "get"
    ]
    grown = {one.as_string() for one in _added_to(frame)}
    return next((one.as_string() for one in asked if one.as_string() in grown and _outlives(one, frame)), "")


def _added_to(frame: CallFrame) -> Iterator[Any]:
    """Yield the collections that a function adds to."""
    for call in own_nodes(frame.function, nodes.Call):
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in _ADDS:
            yield call.func.expr
    for assign in own_nodes(frame.function, nodes.Assign):
        yield from (target.value for target in assign.targets if isinstance(target, nodes.Subscript))


def _outlives(node: Any, frame: CallFrame) -> bool:
    """Tell whether a collection is a module's own, or one that the object of the activity was made with."""
    if isinstance(node, nodes.Name):
        return _store_of(node) is not None
    owner = frame.activity.owner
    if not (isinstance(node, nodes.Attribute) and getattr(node.expr, "name", "") == "self" and owner is not None):
        return False
    return any(
        assign.attrname == node.attrname and _is_empty_store(getattr(assign.parent, "value", None))
        for assign in owner.nodes_of_class(nodes.AssignAttr)
    )


def _stores(frame: CallFrame) -> Iterator[tuple[Any, Any]]:
    """Yield the assignments to entries of a module's own dictionary, with where the dictionary is made."""
    for assign in own_nodes(frame.function, nodes.Assign):
        target = assign.targets[0]
        store = _store_of(target.value) if isinstance(target, nodes.Subscript) else None
        if store is not None:
            yield store, assign


def _store_of(node: Any) -> Any:
    """Return the dictionary or list at module level that a name stands for; None for anything else."""
    if not isinstance(node, nodes.Name):
        return None
    scope, origins = node.lookup(node.name)
    for origin in origins if isinstance(scope, nodes.Module) else ():
        value = getattr(origin.parent, "value", None)
        if _is_empty_store(value):
            return value
    return None


def _is_empty_store(value: Any) -> bool:
    if isinstance(value, nodes.Dict | nodes.List):
        return not children(value)
    return isinstance(value, nodes.Call) and value.func.as_string().rpartition(".")[2] in _COLLECTIONS


def _looked_up_first(frame: CallFrame, name: str) -> bool:
    """Tell whether the function minds that there may be nothing: `in`, `get`, KeyError."""
    body = frame.function
    asked = any(
        isinstance(one, nodes.Name) and one.name == name
        for compare in own_nodes(body, nodes.Compare)
        for operator, one in compare.ops
        if operator in ("in", "not in")
    )
    called = any(
        isinstance(call.func, nodes.Attribute) and call.func.attrname in _ASKS and call.func.expr.as_string() == name
        for call in own_nodes(body, nodes.Call)
    )
    return asked or called or any("KeyError" in one.as_string() for one in own_nodes(body, nodes.ExceptHandler))


def _grown_from(frame: CallFrame, name: str) -> set[str]:
    """Return the local names whose values are made of what the store held, by a literal that adds to it."""
    grown: set[str] = set()
    for assign in own_nodes(frame.function, nodes.Assign | nodes.AnnAssign):
        targets = assign.targets if isinstance(assign, nodes.Assign) else [assign.target]
        value = assign.value
        if value is None:
            continue
        parts = {one.name for one in value.nodes_of_class(nodes.Name)}
        if name in parts or grown & parts:
            grown |= {one.name for one in targets if isinstance(one, nodes.AssignName)}
    return grown


def _passed_on(frame: CallFrame, grown: set[str], assign: nodes.Assign) -> bool:
    """Tell whether what was there before goes into a call, other than the making of the new entry."""
    inside = set(assign.nodes_of_class(nodes.Call))
    return any(
        grown & {one.name for one in argument.nodes_of_class(nodes.Name)}
        for call in own_nodes(frame.function, nodes.Call)
        if call not in inside
        for argument in [*call.args, *(one.value for one in call.keywords if one.arg == "messages")]
        if isinstance(call.parent, nodes.Await) or any(one.arg == "messages" for one in call.keywords)
    )


RULES = (
    Rule(
        id="CP310",
        name="state-in-process-memory",
        title="An activity depends on what another run left in the worker process",
        why=(
            "The next activity of the workflow may run in another process: another worker, the same one after a crash "
            "or a deployment. What was left in a variable is not there, and the activity fails for good or goes on "
            "without it, silently."
        ),
        evidence=(
            "Temporal keeps arguments and results of activities, and the details of beats, and nothing else. In a "
            "kill sweep an agent that kept its draft in a dictionary failed with KeyError at every cut after the "
            "draft."
        ),
        fix="Return it from the one activity and pass it to the other; a cache must do without its content.",
        bad="_DRAFTS[title] = text  # in one activity\ntext = _DRAFTS[title]  # in another",
        right="text = await workflow.execute_activity(draft, …)\nawait workflow.execute_activity(publish, text, …)",
        certainty=Certainty.LIKELY,
        judge=_remembered,
    ),
)
