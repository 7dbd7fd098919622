"""What the workflow does depends on whether it is replayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astroid import nodes

from harness.audit.analysis.commands import asks_replaying, consequences, workflow_code
from harness.audit.analysis.destinations import Uncertainty, ValueReach
from harness.audit.analysis.mutations import changes_in
from harness.audit.analysis.stored_values import local_uses
from harness.audit.analysis.value_flow import destination_of
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def decisions_in_replay(project: Project) -> Iterator[AuditFinding]:
    """Yield decisions by `workflow.unsafe.is_replaying()` that do more than be quiet."""
    for reached in workflow_code(project):
        for call in project.calls(reached):
            if project.called_name(call, reached).rpartition(".")[2].startswith("is_replaying"):
                done = _done(project, call, reached)
                if done:
                    text = (
                        f"is_replaying() {done}: a replay then does something else than was done."
                        " Only write logs or metrics under it; let the workflow's own state decide."
                    )
                    yield project.finding("CP111", call, text, certainty=Certainty.CERTAIN, reached=reached)


def _done(project: Project, call: nodes.Call, reached: ReachedCode) -> str:
    """Return what a call of is_replaying decides, in words; empty if nothing that matters."""
    test: Node = call
    while isinstance(test.parent, nodes.UnaryOp | nodes.BoolOp):
        test = test.parent
    if isinstance(test.parent, nodes.If) and asks_replaying(test.parent.test, project, reached):
        return _of_branches(project, test.parent, reached)
    end = destination_of(project, call, Uncertainty.VALUE, reached)
    return end.how if end.reach is not ValueReach.NOWHERE else ""


def _of_branches(project: Project, test: Node, reached: ReachedCode) -> str:
    branches = [*test.body, *test.orelse]
    if any(isinstance(each, nodes.Return) for each in test.body):
        branches += _rest(test)
    return _matters(project, branches, reached)


def _rest(statement: Node) -> list[Node]:
    rest = []
    following = statement.next_sibling()
    while following is not None:
        rest.append(following)
        following = following.next_sibling()
    return rest


def _matters(project: Project, statements: Sequence[Node], reached: ReachedCode) -> str:
    for statement in statements:
        command = next(consequences(project).commands_in(statement, reached), None)
        if command is not None:
            return f"decides whether {project.source(command, 40)} is done"
        change = next(changes_in(project, statement, reached), None)
        if change is not None:
            return f"decides whether {change.what} is changed"
        for node in statement.nodes_of_class((nodes.Raise, nodes.Return, nodes.AssignName), nodes.FunctionDef):
            if isinstance(node, nodes.Raise) or (isinstance(node, nodes.Return) and _gives(node)):
                return f"decides whether {project.source(node, 40)} is reached"
            if isinstance(node, nodes.AssignName) and _used(project, node, statement, reached):
                return f"decides what {node.name} is"
    return ""


def _gives(node: nodes.Return) -> bool:
    return node.value is not None and not (isinstance(node.value, nodes.Const) and node.value.value is None)


def _used(project: Project, name: nodes.AssignName, statement: Node, reached: ReachedCode) -> bool:
    later = [use for use in local_uses(name, reached) if (use.lineno or 0) > (statement.end_lineno or 0)]
    return any(
        destination_of(project, use, Uncertainty.VALUE, reached).reach is not ValueReach.NOWHERE for use in later
    )


RULES = (
    Rule(
        id="CP111",
        name="decision-by-is-replaying",
        title="What a workflow does must not depend on whether it is replayed.",
        why="A replay must issue the same commands as the first time. What is done only when not replaying is missing"
        " in every replay: the history then holds commands that the code does not issue.",
        evidence="Temporal's promise: workflow.unsafe.is_replaying() exists to keep logs and metrics from being"
        " doubled.",
        fix="Do it always, or in an activity; keep under is_replaying() only what writes logs and metrics.",
        bad="if not workflow.unsafe.is_replaying():\n    await workflow.execute_activity(notify, ...)",
        right="await workflow.execute_activity(notify, ...)",
        certainty=Certainty.CERTAIN,
        judge=decisions_in_replay,
    ),
)
