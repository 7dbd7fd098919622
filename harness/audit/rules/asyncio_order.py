"""Workflow code waits for several things at once, in an order that a replay does not keep."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import consequences, workflow_code
from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

_LOCAL = ("temporalio.workflow.execute_local_activity", "temporalio.workflow.start_local_activity")


def races(project: Project) -> Iterator[AuditFinding]:
    """Yield asyncio.wait and asyncio.as_completed."""
    return forbidden(project, "CP108", "it keeps tasks in a set, whose order is another in every process")


def gathered_local_activities(project: Project) -> Iterator[AuditFinding]:
    """Yield gathers over more than one local activity."""
    for reached in workflow_code(project):
        for call in project.calls(reached):
            if project.called_name(call, reached) == "asyncio.gather" and _local_activities(project, call, reached) > 1:
                text = (
                    "Local activities are gathered: they end in any order, and their markers are written in that order."
                    " Run them one after the other, or as ordinary activities."
                )
                yield project.finding("CP109", call, text, certainty=Certainty.LOOK, reached=reached)


def _local_activities(project: Project, gather: nodes.Call, reached: ReachedCode) -> int:
    """Return how many local activities a gather starts, directly or through functions; 2 for "many"."""
    count = 0
    for argument in gather.args:
        many = isinstance(argument, nodes.Starred)
        value: Node = argument.value if isinstance(argument, nodes.Starred) else argument
        for call in project.walk(value, nodes.Call):
            if _is_local(project, call, reached, set()):
                count += 2 if many else 1
                break
    return count


def _is_local(project: Project, call: nodes.Call, reached: ReachedCode, seen: set[int]) -> bool:
    if project.called_name(call, reached).startswith(_LOCAL):
        return True
    called = consequences(project).definition(call, reached)
    piece = consequences(project).piece(called) if called is not None else None
    if piece is None or id(called) in seen:
        return False
    seen.add(id(called))
    return any(_is_local(project, each, piece, seen) for each in project.calls(piece))


RULES = (
    Rule(
        id="CP108",
        name="asyncio-wait-in-workflow",
        title="Workflow code must not use asyncio.wait or asyncio.as_completed.",
        why="Both keep their tasks in a set. Of several that are done at the same time, a replay may hand out another"
        " one first, and what follows is scheduled in another order.",
        evidence="The sandbox only warns: asyncio.wait() is non-deterministic, use workflow.wait() instead.",
        fix="Use workflow.wait() and workflow.as_completed(), which keep the order of the tasks.",
        bad="done, left = await asyncio.wait(tasks)",
        right="done, left = await workflow.wait(tasks)",
        certainty=Certainty.LIKELY,
        judge=races,
    ),
    Rule(
        id="CP109",
        name="gathered-local-activities",
        title="Local activities must not run at the same time.",
        why="A local activity is recorded by a marker when it ends. Of several at once, each run ends them in another"
        " order; one that a crash cut off runs again and ends elsewhere.",
        evidence="Local activities leave a MarkerRecorded event each, in the order in which they end; after a crash"
        " all of the workflow task are run again.",
        fix="Await one after the other, or make them ordinary activities.",
        bad="await asyncio.gather(*(workflow.execute_local_activity(price, each, ...) for each in articles))",
        right="prices = [await workflow.execute_local_activity(price, each, ...) for each in articles]",
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,
        judge=gathered_local_activities,
    ),
)
