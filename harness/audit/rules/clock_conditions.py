"""Waits for a time that nothing wakes: a condition is asked again only when something else happens."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import workflow_code
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_WAIT = "temporalio.workflow.wait_condition"
_CLOCKS = {"temporalio.workflow.now", "temporalio.workflow.time", "temporalio.workflow.time_ns"}


def clock_conditions(project: Project) -> Iterator[AuditFinding]:
    """Yield waits without a timeout whose condition reads the clock."""
    for reached in workflow_code(project):
        for call in project.calls(reached):
            if project.called_name(call, reached) != _WAIT or len(call.args) != 1 or _limited(call):
                continue
            if clock := _clock_read(project, call.args[0], reached):
                text = (
                    f"This waits for a condition that reads {clock}(), without a timeout. Time alone wakes no workflow:"
                    " the condition is asked again only when a signal, a timer or a result comes, so the moment passes"
                    " unnoticed. Pass the time that is left as timeout."
                )
                yield project.finding("CP210", call, text, certainty=Certainty.LIKELY, reached=reached)


def _limited(call: nodes.Call) -> bool:
    """Tell whether a timeout is given, or the wait is bound by another call: `asyncio.wait_for(wait_condition(…))`."""
    given = [each.value for each in call.keywords if each.arg in ("timeout", None)]
    bound = isinstance(call.parent, nodes.Call | nodes.List | nodes.Tuple)
    return bound or any(not (isinstance(each, nodes.Const) and each.value is None) for each in given)


def _clock_read(project: Project, condition: Node, reached: ReachedCode) -> str:
    asked: Node = condition if isinstance(condition, nodes.Lambda) else project.definition_of(condition, reached)
    if asked is None:
        return ""
    names = (project.called_name(call, reached) for call in asked.nodes_of_class(nodes.Call))
    return next((name.removeprefix("temporalio.") for name in names if name in _CLOCKS), "")


RULES = (
    Rule(
        id="CP210",
        name="clock-in-condition",
        title="A condition that is waited for must not be the time.",
        why="Temporal asks a condition again when an event of the workflow is handled, and the passing of time is no"
        " event. A deadline in the condition is noticed at the next signal, hours late, or never.",
        evidence="workflow.wait_condition looks at its conditions after each activation of the workflow, and at no"
        " other time (temporalio.worker, _run_once); a timeout makes a timer, which is an event.",
        fix="Pass the rest of the time as timeout, and catch asyncio.TimeoutError.",
        bad="await workflow.wait_condition(lambda: self._done or workflow.now() > end)",
        right="await workflow.wait_condition(lambda: self._done, timeout=end - workflow.now())",
        certainty=Certainty.LIKELY,
        judge=clock_conditions,
    ),
)
