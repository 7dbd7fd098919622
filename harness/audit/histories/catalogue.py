"""Rules that only recorded histories can break; the others that they are judged by are those on code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

ALSO = (
    "CP105",
    "CP205",
    "CP207",
    "CP208",
    "CP211",
    "CP401",
    "CP402",
    "CP403",
    "CP404",
    "CP405",
    "CP406",
    "CP407",
    "CP601",
)
"""Rules on code that histories are judged by too: there it is not what may happen, but what did."""


def _nothing_in_code(project: Project) -> Iterator[AuditFinding]:
    return iter(())


RECORDED: tuple[Rule, ...] = (
    Rule(
        id="CP701",
        name="death-noticed-late",
        title="Nobody notices the death of a worker before start-to-close is over",
        why=(
            "An attempt whose worker died is given up when its heartbeat timeout is over, or, where none is declared, "
            "when start-to-close is. Till then the workflow waits for nobody."
        ),
        evidence=(
            "After a SIGKILL the server does nothing until a timeout of the attempt is over: 5 min of start-to-close "
            "were 5 min of silence. The history shows the attempt's failure as a start-to-close timeout."
        ),
        fix="Call activity.heartbeat() in the activity, and pass heartbeat_timeout where it is started.",
        bad="await workflow.execute_activity(crawl, url, start_to_close_timeout=timedelta(hours=1))",
        right=(
            "await workflow.execute_activity(\n    crawl, url, start_to_close_timeout=timedelta(hours=1),\n"
            "    heartbeat_timeout=timedelta(seconds=30),\n)"
        ),
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,
        judge=_nothing_in_code,
    ),
    Rule(
        id="CP702",
        name="workflow-task-fails",
        title="Workflow tasks fail, or time out again and again",
        why=(
            "A workflow task that fails is tried again for ever, with the same code and the same history. Until new "
            "code is deployed the workflow hangs, and nothing in it fails."
        ),
        evidence=(
            "The server records WorkflowTaskFailed with its cause (NON_DETERMINISTIC_ERROR, "
            "WORKFLOW_WORKER_UNHANDLED_FAILURE) once, and repeats the task without a further event. An "
            "UnhandledCommand, a reset and the loss of a sticky queue are harmless, and are not told."
        ),
        fix="Find the decision that differs with `crashproof replay`; put changes of code behind workflow.patched().",
        bad="for name in {'b', 'a'}:\n    await workflow.execute_activity(visit, name, ...)",
        right="for name in sorted({'b', 'a'}):\n    await workflow.execute_activity(visit, name, ...)",
        certainty=Certainty.CERTAIN,
        judge=_nothing_in_code,
    ),
)
"""The rules, by id; ``judge`` finds nothing in code."""


def explained(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules on code and those on histories together, by id."""
    return tuple(sorted((*rules, *RECORDED), key=lambda rule: rule.id))
