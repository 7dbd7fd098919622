"""Workflow code reads the clock of the worker's machine."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.analysis.forbidden_uses import forbidden
from harness.audit.analysis.package_calls import of_packages
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def clock(project: Project) -> Iterator[AuditFinding]:
    """Yield reads of the clock."""
    yield from forbidden(project, "CP101", "a replay reads another time and may decide otherwise")
    yield from of_packages(project, "CP101")


RULES = (
    Rule(
        id="CP101",
        name="clock-in-workflow",
        title="Workflow code must not read the clock of its machine.",
        why="After a crash, Temporal runs the workflow's code again from its history. A clock then tells another time,"
        " so loops, branches, timers and arguments come out otherwise, and the replay fails or goes on with other"
        " values.",
        evidence="The sandbox stops time.time, monotonic, perf_counter and datetime.now at run time. It does not stop"
        " time.gmtime, ctime, asctime, strftime, clock_gettime, email.utils.formatdate, nor anything in a module that"
        " is passed through (measured with temporalio 1.35).",
        fix="Use workflow.now() or workflow.time(): the time of the workflow task, the same in every replay.",
        bad="deadline = datetime.now(timezone.utc) + timedelta(minutes=5)",
        right="deadline = workflow.now() + timedelta(minutes=5)",
        certainty=Certainty.CERTAIN,
        judge=clock,
    ),
)
