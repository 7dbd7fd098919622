"""Waits that nothing ends: no code of the workflow gives the flag the value that is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.classes import lineage
from harness.audit.analysis.commands import workflow_code
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_WAIT = "temporalio.workflow.wait_condition"
_INIT = "__init__"


def endless_waits(project: Project) -> Iterator[AuditFinding]:
    """Yield waits without a timeout for a flag that nothing sets, or sets back."""
    for reached in workflow_code(project):
        for call in project.calls(reached):
            if project.called_name(call, reached) != _WAIT or len(call.args) != 1 or call.keywords:
                continue
            name, wanted = _flag(call.args[0])
            if name and _never(project, name, wanted, reached):
                value = "sets it" if wanted else "sets it back"
                text = (
                    f"This waits until self.{name} is {wanted}, and nothing in the workflow {value}: once it waits, it"
                    " waits for ever. Add a signal that does, or a timeout."
                )
                yield project.finding("CP209", call, text, certainty=Certainty.LIKELY, reached=reached)


def _flag(condition: Node) -> tuple[str, bool]:
    """Return the attribute that `lambda: self.x` or `lambda: not self.x` waits for, and the value that it must have."""
    body: Node = condition.body if isinstance(condition, nodes.Lambda) else None
    wanted = not (isinstance(body, nodes.UnaryOp) and body.op == "not")
    if isinstance(body, nodes.UnaryOp):
        body = body.operand
    of_self = isinstance(body, nodes.Attribute) and isinstance(body.expr, nodes.Name) and body.expr.name == "self"
    return (body.attrname if of_self else "", wanted)


def _never(project: Project, name: str, wanted: bool, reached: ReachedCode) -> bool:
    """Tell whether the flag only ever gets the other value after the workflow was made; False if that is not known."""
    if reached.owner is None:
        return False
    classes = lineage(project, reached.owner)
    assigned = [each for each in reached.module.tree.nodes_of_class(nodes.AssignAttr) if each.attrname == name]
    assigned += [each for node in classes for each in node.nodes_of_class(nodes.AssignAttr) if each.attrname == name]
    values = [_value(each) for each in assigned]
    if not values or None in values:
        return False
    later = [value for each, value in zip(assigned, values, strict=True) if _method(each) != _INIT]
    begun = [value for each, value in zip(assigned, values, strict=True) if _method(each) == _INIT]
    return wanted not in later and (wanted not in begun or bool(later))


def _method(assign: Node) -> str:
    return str(assign.scope().name)


def _value(assign: nodes.AssignAttr) -> bool | None:
    """Return the flag that is assigned; None if it is none, or not assigned as it stands."""
    statement = assign.parent
    value = statement.value if isinstance(statement, nodes.Assign | nodes.AnnAssign) else None
    known = isinstance(value, nodes.Const) and isinstance(value.value, bool)
    return bool(value.value) if known and isinstance(value, nodes.Const) else None


RULES = (
    Rule(
        id="CP209",
        name="wait-that-nothing-ends",
        title="What a workflow waits for must be able to happen.",
        why="A workflow that can be paused but not resumed, or waits for an approval that no signal gives, stays open"
        " until somebody terminates it.",
        evidence="The research agent as commonly published (scenarios/broken, as_published) can be paused and never"
        " resumed.",
        fix="Add the signal or update that sets the flag, or give the wait a timeout.",
        bad="await workflow.wait_condition(lambda: not self._paused)  # pause() sets it, nothing sets it back",
        right="@workflow.signal\ndef resume(self) -> None:\n    self._paused = False",
        certainty=Certainty.LIKELY,
        judge=endless_waits,
    ),
)
