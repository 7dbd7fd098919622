"""Where the value of an argument comes from: through the parameters of a chain of calls, back to the activity.

A frame is one function on one chain of calls, so a parameter has one value there: what that call passes, else its
default. What is found keeps the outermost frame that had a say, for that is where a missing value would be passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, entered
from harness.audit.code.executed_nodes import own_nodes

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_STEPS = 16


class Trait(StrEnum):
    """What an argument of a call is made of, so far as it decides whether a retry sends the same value again."""

    EMPTY = "nothing"
    CONSTANT = "a constant"
    WORKFLOW = "the workflow"
    ACTIVITY = "the activity's own id"
    ARGUMENT = "an argument"
    ATTEMPT = "the number of the attempt"
    NEW = "something new each time"
    UNKNOWN = "something else"


@dataclass(frozen=True, kw_only=True, eq=False)
class ArgumentOrigin:
    """One expression that a value comes from, and the frame that it stands in."""

    node: Any
    frame: CallFrame


_INFO = {
    "workflow_id": Trait.WORKFLOW,
    "workflow_run_id": Trait.WORKFLOW,
    "workflow_type": Trait.CONSTANT,
    "workflow_namespace": Trait.CONSTANT,
    "activity_type": Trait.CONSTANT,
    "task_queue": Trait.CONSTANT,
    "activity_id": Trait.ACTIVITY,
    "scheduled_time": Trait.ACTIVITY,
    "attempt": Trait.ATTEMPT,
    "started_time": Trait.ATTEMPT,
    "current_attempt_scheduled_time": Trait.ATTEMPT,
    "task_token": Trait.ATTEMPT,
}
_NEW = {
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid6",
    "uuid.uuid7",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "os.urandom",
    "os.getpid",
}
_NEW_FAMILIES = (
    "random.",
    "secrets.",
    "ulid.",
    "nanoid.",
    "shortuuid.",
    "cuid",
    "uuid6.",
    "uuid_utils.",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
)


def origins(node: Any, frame: CallFrame, *, project: Project, steps: int = _STEPS) -> Iterator[ArgumentOrigin]:
    """Yield the expressions that an expression stands for, through variables, parameters and results.

    A parameter of the activity itself, a loop variable and what cannot be followed are yielded as the name they have.
    """
    if steps <= 0:
        yield ArgumentOrigin(node=node, frame=frame)
        return
    below = steps - 1
    match node:
        case nodes.Name():
            yield from _of_name(node, frame, project, below)
        case nodes.IfExp():
            for one in (node.body, node.orelse):
                yield from origins(one, frame, project=project, steps=below)
        case nodes.BoolOp():
            for one in node.values:
                yield from origins(one, frame, project=project, steps=below)
        case nodes.Await():
            yield from origins(node.value, frame, project=project, steps=below)
        case nodes.Attribute():
            written = project.origins_of(node)
            for one in written:
                yield from origins(one, frame, project=project, steps=below) if one is not node else ()
            if not written:
                yield ArgumentOrigin(node=node, frame=frame)
        case _:
            yield ArgumentOrigin(node=node, frame=frame)


def _of_name(node: nodes.Name, frame: CallFrame, project: Project, steps: int) -> Iterator[ArgumentOrigin]:
    if node.name in _parameters(frame.function) and not _assigned_in(node, frame):
        if frame.caller is None or not (frame.all_given or node.name in frame.given):
            yield ArgumentOrigin(node=node, frame=frame)
        elif node.name in frame.given:
            yield from origins(frame.given[node.name], frame.caller, project=project, steps=steps)
        elif (default := _default(frame.function, node.name)) is not None:
            yield from origins(default, frame.caller, project=project, steps=steps)
        else:
            yield ArgumentOrigin(node=node, frame=frame)
        return
    written = [one for one in project.origins_of(node) if one is not node]
    for one in written:
        yield from origins(one, frame, project=project, steps=steps)
    if not written:
        yield ArgumentOrigin(node=node, frame=frame)


def _assigned_in(node: nodes.Name, frame: CallFrame) -> bool:
    return any(one.name == node.name for one in own_nodes(frame.function, nodes.AssignName))


def _parameters(function: Any) -> set[str]:
    arguments = function.args
    return {
        one.name for one in (*(arguments.posonlyargs or ()), *(arguments.args or ()), *(arguments.kwonlyargs or ()))
    }


def _default(function: Any, name: str) -> Any:
    try:
        return function.args.default_value(name)
    except Exception:  # astroid has several errors for "none"
        return None


def outermost(places: Iterator[ArgumentOrigin] | list[ArgumentOrigin], frame: CallFrame) -> CallFrame:
    """Return the frame nearest to the activity that one of these stands in, or the given one."""
    return min((frame, *(one.frame for one in places)), key=lambda one: len(one.chain))


def texts_of(node: Any, frame: CallFrame, *, project: Project) -> str:
    """Return all written-out texts that an expression is made of, with spaces between."""
    leaves = [one.node for one in _leaves(node, frame, project, _STEPS)]
    return " ".join(one.value for one in leaves if isinstance(one, nodes.Const) and isinstance(one.value, str))


def traits_of(node: Any, frame: CallFrame, *, project: Project) -> set[Trait]:
    """Return what a value is made of."""
    return {trait for one in _leaves(node, frame, project, _STEPS) for trait in _traits(one, project)}


def _traits(leaf: ArgumentOrigin, project: Project) -> Iterator[Trait]:
    node, frame = leaf.node, leaf.frame
    match node:
        case nodes.Const():
            yield Trait.CONSTANT if node.value not in ("", None, b"") else Trait.EMPTY
        case nodes.Attribute() if node.attrname in _INFO:
            yield _INFO[node.attrname]
        case nodes.Call():
            yield Trait.NEW
        case nodes.Name() if node.name in ("self", "cls"):
            yield Trait.CONSTANT
        case nodes.Name() if frame.caller is None and node.name in _parameters(frame.function):
            yield Trait.ARGUMENT
        case _:
            yield Trait.UNKNOWN


def _leaves(node: Any, frame: CallFrame, project: Project, steps: int) -> Iterator[ArgumentOrigin]:
    """Yield what a value is made of in the end: constants, attributes, names, and calls that give something new."""
    for one in origins(node, frame, project=project):
        inner, within = one.node, one.frame
        if steps <= 0 or isinstance(inner, nodes.Const | nodes.Name):
            yield one
        elif isinstance(inner, nodes.Attribute):
            if inner.attrname in _INFO or not isinstance(inner.expr, nodes.Name | nodes.Call):
                yield one
            else:
                yield from _leaves(inner.expr, within, project, steps - 1)
        elif isinstance(inner, nodes.Call):
            yield from _made_by(inner, within, project, steps - 1)
        elif isinstance(inner, nodes.JoinedStr | nodes.FormattedValue | nodes.NodeNG):
            for child in inner.get_children():
                if not isinstance(child, nodes.AssignName | nodes.Comprehension | nodes.Keyword):
                    yield from _leaves(child, within, project, steps - 1)


def _made_by(call: nodes.Call, frame: CallFrame, project: Project, steps: int) -> Iterator[ArgumentOrigin]:
    name = project.dotted_name(call.func)
    if name in _NEW or name.startswith(_NEW_FAMILIES):
        yield ArgumentOrigin(node=call, frame=frame)
        return
    for function in project.functions_called_by(call.func):
        for gives in own_nodes(function, nodes.Return):
            made = entered(frame, call, function)
            yield from _leaves(gives.value, made, project, steps) if gives.value is not None else ()
    parts = [*call.args, *(one.value for one in call.keywords)]
    if isinstance(call.func, nodes.Attribute):
        parts.append(call.func.expr)
    for part in parts:
        yield from _leaves(part, frame, project, steps)
