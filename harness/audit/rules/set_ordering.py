"""The order of a set reaches a command: it is another one in every process."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import guarded_by_replaying, workflow_code
from harness.audit.analysis.destinations import Destination, Uncertainty, ValueReach
from harness.audit.analysis.set_order import SetTraversal, passages
from harness.audit.analysis.value_flow import destination_of, destination_of_order, in_order
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def set_order(project: Project) -> Iterator[AuditFinding]:
    """Yield the places where the order of a set gets into what the workflow does."""
    for reached in workflow_code(project):
        reported: set[int | None] = set()
        for passage in passages(project, reached):
            end = _fate(project, passage, reached)
            line = passage.node.lineno
            if end.reach is not ValueReach.NOWHERE and line not in reported and not _quiet(project, passage, reached):
                reported.add(line)
                certainty = Certainty.CERTAIN if end.reach is ValueReach.COMMAND else Certainty.LOOK
                yield project.finding(
                    "CP106", passage.node, _message(project, passage, end), certainty=certainty, reached=reached
                )


def _quiet(project: Project, passage: SetTraversal, reached: ReachedCode) -> bool:
    return guarded_by_replaying(passage.node, project, reached)


def _fate(project: Project, passage: SetTraversal, reached: ReachedCode) -> Destination:
    if passage.yields is None:
        return destination_of_order(project, passage.node, reached)
    if isinstance(passage.node, nodes.ListComp | nodes.GeneratorExp | nodes.DictComp):
        becomes = in_order(project, passage.node, reached)
        if becomes.reach is ValueReach.COMMAND:
            return becomes
    return destination_of(project, passage.yields, passage.kind, reached)


def _message(project: Project, passage: SetTraversal, end: Destination) -> str:
    what = project.source(passage.through, 40)
    taken = "An element of the set" if passage.kind is Uncertainty.VALUE else "The order of the set"
    line = f" in line {end.at.lineno}" if end.at is not None and end.at.lineno != passage.node.lineno else ""
    return (
        f"{taken} {what} {end.how}{line}, and sets have another order in every process."
        f" Go through sorted({what}), or keep a list or a dictionary."
    )


RULES = (
    Rule(
        id="CP106",
        name="set-order-reaches-command",
        title="The order of a set must not decide what a workflow does.",
        why="Texts hash otherwise in every process, so a set of them has another order in every process. Activities"
        " are then scheduled in another order in the replay, or get another argument.",
        evidence="Iterating a set to issue activities: of hash seeds 0 to 3, two replay and two fail with TMPRL1100."
        " The sandbox does not see it.",
        fix="Go through sorted(the_set); to drop duplicates and keep the order, use dict.fromkeys(items).",
        bad="for tool in set(wanted):\n    await workflow.execute_activity(tool, ...)",
        right="for tool in sorted(set(wanted)):\n    await workflow.execute_activity(tool, ...)",
        certainty=Certainty.CERTAIN,
        judge=set_order,
    ),
)
