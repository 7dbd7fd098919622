"""What workflow code starts and does not wait for: coroutines that never run, children that end with their parent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astroid import nodes

from harness.audit.analysis.commands import workflow_code
from harness.audit.analysis.words import words
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, ReachedCode, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_COROUTINES = frozenset(
    f"temporalio.workflow.{name}"
    for name in words(
        "execute_activity execute_activity_method execute_activity_class execute_local_activity"
        " execute_local_activity_method execute_local_activity_class execute_child_workflow start_child_workflow sleep"
        " wait_condition"
    )
) | {"asyncio.sleep", "asyncio.wait_for"}
_AROUND = nodes.Await | nodes.Starred | nodes.ListComp | nodes.GeneratorExp | nodes.List
_STAYS = ("temporalio.workflow.wait_condition", "temporalio.workflow.sleep", "asyncio.sleep")


def never_awaited(project: Project) -> Iterator[AuditFinding]:
    """Yield calls of coroutine functions that stand alone as statements."""
    for reached in workflow_code(project):
        for statement in project.walk(reached, nodes.Expr):
            call = statement.value
            if not isinstance(call, nodes.Call):
                continue
            if name := _coroutine(project, call, reached):
                text = (
                    f"{name}() gives a coroutine, and nothing awaits it: what it should do is never done, and nothing"
                    " fails. Write await before it, or make a task of it and await that before the end."
                )
                yield project.finding("CP212", call, text, certainty=Certainty.CERTAIN, reached=reached)


def _coroutine(project: Project, call: nodes.Call, reached: ReachedCode) -> str:
    """Return the name of the coroutine function that is called; empty if it is none."""
    names = project.called_names(call, reached)
    if len(names) != 1:
        return ""
    if names[0] in _COROUTINES:
        return names[0].removeprefix("temporalio.")
    called = project.definition_of(call.func, reached)
    if not isinstance(called, nodes.AsyncFunctionDef) or called.decorators:
        return ""
    generates = any(called.nodes_of_class((nodes.Yield, nodes.YieldFrom), nodes.FunctionDef))
    return "" if generates else project.source(call.func, 60)


def left_children(project: Project) -> Iterator[AuditFinding]:
    """Yield children that are started, not awaited, and terminated when their parent ends."""
    for started in project.started:
        if started.operation != "start_child_workflow" or not started.options_known or _may_outlive(started):
            continue
        if _is_kept(started.node, project) or _parent_stays(started, project):
            continue
        text = (
            f"{_child(started)} is started and nobody awaits it. By default a child is terminated when its parent"
            " closes (ParentClosePolicy.TERMINATE), wherever it is then. Await its handle before the end, or let it"
            " live on with parent_close_policy=ParentClosePolicy.ABANDON."
        )
        yield project.finding("CP211", started.node, text, certainty=Certainty.LIKELY)


def _child(started: Started) -> str:
    name = started.workflow.name if started.workflow else started.target
    return f"The child {name!r}" if name else "The child"


def _may_outlive(started: Started) -> bool:
    given = started.options.get("parent_close_policy")
    return given is not None and "TERMINATE" not in given.as_string()


def _is_kept(call: nodes.Call, project: Project) -> bool:
    """Tell whether somebody may await the handle: it is returned, stored, passed on, or awaited by its name."""
    node: Any = call
    while True:
        above = node.parent
        if isinstance(above, nodes.Expr):
            return False
        if isinstance(above, nodes.Assign | nodes.AnnAssign):
            target = above.targets[0] if isinstance(above, nodes.Assign) else above.target
            return not isinstance(target, nodes.AssignName) or _is_used(target, project)
        gathers = isinstance(above, nodes.Call) and project.dotted_name(above.func).startswith("asyncio.gather")
        if not gathers and not isinstance(above, _AROUND):
            return True
        node = above


def _is_used(target: nodes.AssignName, project: Project) -> bool:
    """Tell whether a handle in a variable is awaited, stored or passed on, rather than asked for its ids alone."""
    uses = [each for each in target.frame().nodes_of_class(nodes.Name) if each.name == target.name]
    return any(not _only_asked(each) for each in uses)


def _only_asked(use: nodes.Name) -> bool:
    above = use.parent
    return isinstance(above, nodes.Attribute) and above.attrname in (
        "id",
        "workflow_id",
        "first_execution_run_id",
        "signal",
    )


def _parent_stays(started: Started, project: Project) -> bool:
    """Tell whether the parent waits for something else after it, so that it need not end before the child."""
    within = started.node.frame()
    runs = {entry.node for workflow in project.workflows for entry in workflow.of_kind(EntryKind.RUN)}
    if within not in runs:
        return True
    later = (each for each in within.nodes_of_class(nodes.Call) if (each.lineno or 0) > (started.node.lineno or 0))
    in_loop = any(isinstance(each, nodes.While) for each in started.node.node_ancestors())
    return in_loop or any(project.dotted_name(each.func) in _STAYS for each in later)


RULES = (
    Rule(
        id="CP211",
        name="child-left-behind",
        title="A child workflow that is not awaited must be allowed to outlive its parent.",
        why="The server terminates open children when their parent closes, unless it is told otherwise. A child that is"
        " started and forgotten does as much of its work as fits before that, which differs from run to run.",
        evidence="ParentClosePolicy.TERMINATE is the default of start_child_workflow; the child's history ends with"
        " WorkflowExecutionTerminated, by the parent's close, and its parent reports success.",
        fix="Await the handle, or pass parent_close_policy=ParentClosePolicy.ABANDON.",
        bad="await workflow.start_child_workflow(Report.run, order, id=child_id)\nreturn order",
        right="handle = await workflow.start_child_workflow(Report.run, order, id=child_id)\nawait handle",
        certainty=Certainty.LIKELY,
        judge=left_children,
    ),
    Rule(
        id="CP212",
        name="never-awaited",
        title="A coroutine must be awaited.",
        why="Calling an async function makes a coroutine and runs none of it. The activity is not scheduled, the timer"
        " not started, and the workflow goes on as if it were.",
        evidence="workflow.execute_activity, execute_child_workflow, start_child_workflow, sleep and wait_condition are"
        " async functions (temporalio.workflow); only start_activity schedules at once.",
        fix="Write await before it.",
        bad="workflow.execute_activity(notify, order, start_to_close_timeout=timedelta(seconds=10))",
        right="await workflow.execute_activity(notify, order, start_to_close_timeout=timedelta(seconds=10))",
        certainty=Certainty.CERTAIN,
        judge=never_awaited,
    ),
)
