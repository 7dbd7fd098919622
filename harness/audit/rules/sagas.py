"""Sagas that note how to undo a step only after the step: one that half succeeded is never undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from astroid import nodes

from harness.audit.analysis.commands import STARTS, workflow_code
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_LISTS = re.compile(r"compensat|undo|rollback|revert", re.IGNORECASE)
_NOTES = {"append", "appendleft", "insert", "add", "push", "register", "add_compensation", "push_async_callback"}


def undo_noted_late(project: Project) -> Iterator[AuditFinding]:
    """Yield compensations that are noted in the statement after the activity that they undo."""
    for reached in workflow_code(project):
        for statement in project.walk(reached, nodes.Expr):
            call = statement.value
            if not _notes(call):
                continue
            step = statement.previous_sibling()
            started = _started(step, project, reached)
            if started is not None and not _needs_result(call, step):
                text = (
                    f"How to undo {project.source(started, 50)} is noted after it. An activity that fails, times out or"
                    " loses its last attempt may have had its effect all the same, and is then never undone. Note the"
                    " compensation before the step, and let it do nothing where there is nothing to undo."
                )
                yield project.finding("CP215", call, text, certainty=Certainty.LIKELY, reached=reached)


def _notes(call: Any) -> bool:
    if not (isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute)):
        return False
    owner = call.func.expr
    named = getattr(owner, "attrname", getattr(owner, "name", ""))
    return call.func.attrname in _NOTES and bool(_LISTS.search(named))


def _started(step: Any, project: Project, reached: ReachedCode) -> nodes.Call | None:
    if not isinstance(step, nodes.Expr | nodes.Assign | nodes.AnnAssign) or step.value is None:
        return None
    waits = step.value
    call = waits.value if isinstance(waits, nodes.Await) else None
    if isinstance(call, nodes.Call) and project.called_name(call, reached) in STARTS:
        return call
    return None


def _needs_result(call: nodes.Call, step: Any) -> bool:
    """Tell whether the undoing needs what the step gave."""
    targets = step.targets if isinstance(step, nodes.Assign) else [getattr(step, "target", None)]
    names = {name.name for each in targets if each is not None for name in each.nodes_of_class(nodes.AssignName)}
    return any(each.name in names for each in call.nodes_of_class(nodes.Name))


RULES = (
    Rule(
        id="CP215",
        name="undo-noted-late",
        title="How to undo a step must be noted before the step.",
        why="That an activity failed does not mean that it did nothing: its answer may be lost, its last attempt may"
        " have been given up while it ran. A saga that notes the compensation only after success leaves such a step"
        " standing: the hotel stays booked, the card charged.",
        evidence="A SIGKILL between an effect and RespondActivityTaskCompleted in the last attempt, or a start-to-close"
        " timeout, ends in ActivityError with the effect done; Temporal's guide to sagas registers the compensation"
        " first.",
        fix="Note the compensation, then start the activity; write compensations that may find nothing to undo.",
        bad="await workflow.execute_activity(book_hotel, trip, …)\ncompensations.append(cancel_hotel)",
        right="compensations.append(cancel_hotel)\nawait workflow.execute_activity(book_hotel, trip, …)",
        certainty=Certainty.LIKELY,
        judge=undo_noted_late,
    ),
)
