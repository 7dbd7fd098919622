"""Loops of workflow code that never end and never continue as new."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import consequences, workflow_code
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

_ENDLESS = frozenset({"itertools.count", "itertools.cycle", "itertools.repeat"})
_TASKS = frozenset({"create_task", "ensure_future"})
_Loop = nodes.While | nodes.For


def endless(project: Project) -> Iterator[AuditFinding]:
    """Yield loops that grow the history without end."""
    for reached in workflow_code(project):
        if _in_background(project, reached):
            continue
        for loop in project.walk(reached, nodes.While, nodes.For):
            if _is_endless(project, loop, reached) and not _can_leave(project, loop, reached):
                command = next(iter(_commands(project, loop, reached)), None)
                if command is not None:
                    text = (
                        f"This loop never ends and never continues as new: {project.source(command, 40)} adds to the"
                        " history each time, until the server terminates the workflow. Continue as new when"
                        " workflow.info().is_continue_as_new_suggested()."
                    )
                    yield project.finding("CP207", loop, text, certainty=Certainty.LIKELY, reached=reached)


def _commands(project: Project, loop: _Loop, reached: ReachedCode) -> Iterator[Node]:
    for statement in loop.body:
        yield from consequences(project).commands_in(statement, reached)


def _is_endless(project: Project, loop: _Loop, reached: ReachedCode) -> bool:
    if isinstance(loop, nodes.While):
        return isinstance(loop.test, nodes.Const) and bool(loop.test.value)
    through = loop.iter
    if not isinstance(through, nodes.Call):
        return False
    name = project.called_name(through, reached)
    return name in _ENDLESS and not (name == "itertools.repeat" and len(through.args) > 1)


def _can_leave(project: Project, loop: _Loop, reached: ReachedCode) -> bool:
    for statement in loop.body:
        for node in statement.nodes_of_class(
            (nodes.Return, nodes.Raise, nodes.Break), (nodes.FunctionDef, nodes.Lambda)
        ):
            if not isinstance(node, nodes.Break) or _loop_of(node) is loop:
                return True
        if any(_continues(project, call, reached, set()) for call in project.walk(statement, nodes.Call)):
            return True
    return False


def _loop_of(node: nodes.Break) -> Node | None:
    return next((each for each in node.node_ancestors() if isinstance(each, nodes.While | nodes.For)), None)


def _continues(project: Project, call: nodes.Call, reached: ReachedCode, seen: set[int]) -> bool:
    """Tell whether a call ends the run: continues as new or raises, directly or in a function that it calls."""
    if project.called_name(call, reached) == "temporalio.workflow.continue_as_new":
        return True
    known = consequences(project)
    called = known.definition(call, reached)
    piece = known.piece(called) if called is not None else None
    if called is None or piece is None or id(called) in seen:
        return False
    seen.add(id(called))
    if any(called.nodes_of_class(nodes.Raise, (nodes.FunctionDef, nodes.Try))) and called is not reached.node:
        return True
    return any(_continues(project, each, piece, seen) for each in project.calls(piece))


def _in_background(project: Project, reached: ReachedCode) -> bool:
    """Tell whether code runs only in tasks beside the run, which end with it."""
    callers = consequences(project).callers(reached.node)
    return bool(callers) and all(_is_task(call.parent) for call, _ in callers)


def _is_task(node: Node | None) -> bool:
    if not isinstance(node, nodes.Call):
        return False
    return getattr(node.func, "attrname", getattr(node.func, "name", "")) in _TASKS


RULES = (
    Rule(
        id="CP207",
        name="endless-without-continue-as-new",
        title="A loop without an end must continue as new.",
        why="Everything that the loop does is kept in the history. At 51,200 events or 50 MB the server terminates the"
        " workflow; long before, every replay of it takes longer and longer.",
        evidence="Temporal's limits: warnings from 10,240 events, termination at 51,200 events or 50 MB of history.",
        fix="Leave the loop when workflow.info().is_continue_as_new_suggested(), and workflow.continue_as_new(...).",
        bad="while True:\n    await workflow.execute_activity(poll, ...)",
        right="while not workflow.info().is_continue_as_new_suggested():\n    await workflow.execute_activity(poll,"
        " ...)\nworkflow.continue_as_new(...)",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=endless,
    ),
)
