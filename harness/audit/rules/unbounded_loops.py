"""Loops of workflows around activities that end only when a model or a failure says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, frames_of, reached_in
from harness.audit.analysis.remote_calls import Towards, remote_call, spoken
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import ReachedCode, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_BOUNDS = (
    "temporalio.workflow.continue_as_new",
    "temporalio.workflow.wait_condition",
    "temporalio.workflow.now",
    "temporalio.workflow.time",
    "temporalio.workflow.time_ns",
    "temporalio.workflow.info",
    "builtins.next",
    "time.",
    "datetime.",
)
"""What in a loop shows that somebody else, or the time, or the length of the history, ends it."""

_TIMED = ("asyncio.timeout", "asyncio.wait_for", "asyncio.timeout_at", "temporalio.workflow.sleep_until")


def _unbounded(project: Project) -> Iterator[AuditFinding]:
    starts: dict[nodes.NodeNG, Started] = {one.node: one for one in activity_starts(project)}
    reported: set[nodes.NodeNG] = set()
    for reached in project.reached():
        if reached.is_module:
            continue
        for loop in own_nodes(reached.node, nodes.While):
            inside = _started_in(loop, reached, starts, project)
            if loop in reported or not inside or not _at_its_mercy(loop, inside, project) or _ends(loop, project):
                continue
            reported.add(loop)
            first = inside[0].activity.name if inside[0].activity else inside[0].target
            yield _finding(loop, f"starts {first!r}" if first else "starts an activity", reached, project)
    yield from _unbounded_in_activities(project)


def _started_in(
    loop: nodes.While, reached: ReachedCode, starts: dict[nodes.NodeNG, Started], project: Project
) -> list[Started]:
    """Return the activities that the loop starts, itself or in a method that it calls."""
    calls = list(loop.nodes_of_class(nodes.Call))
    for call in list(calls):
        definition = project.definition_of(call.func, reached)
        if isinstance(definition, nodes.FunctionDef):
            calls += definition.nodes_of_class(nodes.Call)
    return list(dict.fromkeys(starts[call] for call in calls if call in starts))


def _unbounded_in_activities(project: Project) -> Iterator[AuditFinding]:
    """Yield loops inside activities that ask a model until it says that it is done."""
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for loop in own_nodes(frame.function, nodes.While):
                calls = (remote_call(call, project=project) for call in loop.nodes_of_class(nodes.Call))
                asked = next((one for one in calls if one and one.towards is Towards.MODEL), None)
                if asked is None or loop in reported or not _leaves(loop) or _ends(loop, project):
                    continue
                reported.add(loop)
                yield _finding(loop, f"asks {spoken(asked.name)}", reached_in(frame, project=project), project)


def _leaves(loop: nodes.While) -> bool:
    """Tell whether the loop can end at all; one that cannot is another rule's."""
    exits = any(True for _ in loop.nodes_of_class((nodes.Return, nodes.Break)))
    return exits or not isinstance(loop.test, nodes.Const)


def _at_its_mercy(loop: nodes.While, inside: list[Started], project: Project) -> bool:
    """Tell whether the loop ends, and does so when a model says so or a failure is over.

    One that polls what is no model is taken for one that knows what it does.
    """
    if not _leaves(loop):
        return False
    if any(True for _ in loop.nodes_of_class(nodes.ExceptHandler)):
        return True
    frames = [frame for one in inside if one.activity for frame in frames_of(one.activity, project=project)]
    asked = (remote_call(call, project=project) for frame in frames for call in frame.calls())
    return any(one is not None and one.towards is Towards.MODEL for one in asked)


def _ends(loop: nodes.While, project: Project) -> bool:
    """Tell whether something other than an activity's answer bounds the loop."""
    if _timed(loop, project) or _waits(loop, project):
        return True
    changed = _counted(loop)
    compared = [loop.test, *(one.test for one in loop.nodes_of_class((nodes.If, nodes.IfExp)))]
    for test in compared:
        for one in test.nodes_of_class(nodes.Compare):
            if _is_bound(one, changed):
                return True
        for call in test.nodes_of_class(nodes.Call):
            if project.dotted_name(call.func).startswith(_BOUNDS):
                return True
    return any(_changes_by_others(test, loop) for test in compared)


def _timed(loop: Any, project: Project) -> bool:
    node = loop
    while node is not None and not isinstance(node, nodes.Module):
        if isinstance(node, nodes.With):
            for expression, _ in node.items:
                if project.dotted_name(getattr(expression, "func", None)) in _TIMED:
                    return True
        node = node.parent
    return False


def _waits(loop: nodes.While, project: Project) -> bool:
    """Tell whether each round waits for a signal or update, or may continue as new."""
    calls = list(loop.nodes_of_class(nodes.Call))
    below = (function for call in calls for function in project.functions_called_by(call.func))
    calls += [call for function in below for call in function.nodes_of_class(nodes.Call)]
    return any(project.dotted_name(call.func).startswith(_BOUNDS[:2]) for call in calls)


def _counted(loop: nodes.While) -> set[str]:
    """Return the names and attributes that grow or shrink in the loop: counters, lists, queues."""
    counters = {one.target.as_string() for one in loop.nodes_of_class(nodes.AugAssign)}
    for call in loop.nodes_of_class(nodes.Call):
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in _GROWS:
            counters.add(call.func.expr.as_string())
    for one in loop.nodes_of_class(nodes.Assign):
        if isinstance(one.value, nodes.BinOp):
            counters |= {target.as_string() for target in one.targets} & {
                each.as_string() for each in one.value.nodes_of_class((nodes.Name, nodes.Attribute))
            }
    return counters


_GROWS = {"append", "appendleft", "extend", "add", "pop", "popleft", "remove", "get_nowait", "clear"}


def _is_bound(compare: nodes.Compare, changed: set[str]) -> bool:
    ordered = any(operator in ("<", ">", "<=", ">=", "==", "!=") for operator, _ in compare.ops)
    sides = [compare.left, *(one for _, one in compare.ops)]
    parts = {one.as_string() for side in sides for one in side.nodes_of_class((nodes.Name, nodes.Attribute))}
    return ordered and bool(parts & changed)


def _changes_by_others(test: Any, loop: nodes.While) -> bool:
    """Tell whether the condition looks at a queue that the loop empties, or at a flag on self that signals set."""
    if isinstance(test, nodes.Const):
        return False
    emptied = {
        call.func.expr.as_string()
        for call in loop.nodes_of_class(nodes.Call)
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in ("pop", "popleft", "get_nowait")
    }
    flags = {one.as_string() for one in test.nodes_of_class(nodes.Attribute)}
    names = {one.name for one in test.nodes_of_class(nodes.Name)}
    set_here = {one.as_string() for one in loop.nodes_of_class((nodes.AssignAttr,))}
    return bool(emptied & (flags | names)) or bool({one for one in flags if one.startswith("self.")} - set_here)


def _finding(loop: nodes.While, does: str, reached: ReachedCode, project: Project) -> AuditFinding:
    message = (
        f"This loop {does} again and again, and only an answer or an error of that ends it: no counter, no deadline, "
        "no waiting, no continue-as-new. A model that keeps asking for tools, or an error that never passes, runs up "
        "the bill until the history is full (51,200 events) or the attempt times out. Count the rounds and give up "
        "with an ApplicationError, or bound them by time."
    )
    return project.finding("CP602", loop, message, certainty=Certainty.LIKELY, reached=reached)


RULES = (
    Rule(
        id="CP602",
        name="loop-without-bound",
        title="A loop around a model, tool or retry has no bound",
        why=(
            "What a model answers is not in your hands. A loop that ends when the model says so may never end: it "
            "costs money in each round, and its history grows until the server terminates the workflow with all its "
            "state."
        ),
        evidence=(
            "Temporal terminates a workflow whose history passes 51,200 events or 50 MB; one activity is three "
            "events, and its workflow task three more. A model that repeats one tool call is a fault of this "
            "project's catalogue."
        ),
        fix="`for step in range(most_steps)`, a deadline by workflow.now(), or asyncio.timeout around the loop.",
        bad=(
            "while True:\n    tool = await self._ask_model()\n    if tool == 'done':\n        break\n"
            "    await self._use(tool)"
        ),
        right=(
            "for _ in range(20):\n    tool = await self._ask_model()\n    if tool == 'done':\n        break\n"
            "    await self._use(tool)"
        ),
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_unbounded,
    ),
)
