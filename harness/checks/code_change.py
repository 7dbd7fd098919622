"""Changed code: what one version of a worker has recorded goes on under the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import faults_met, showing
from harness.checks.check import NothingToLookAt, check
from harness.records.act_facts import WorkerStarted
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityFailed, WorkflowTaskFailed
from harness.records.tape import Entry, acts
from harness.records.verdict import Finding, Severity
from harness.temporal.task_failure import is_unregistered

_NONDETERMINISM = "Nondeterminism error: "
_LONGEST = 300
_ROLLBACK = (
    "Deploy a version that knows the patch, and takes the old way, before the one that takes the new way; or pin "
    "executions to their version with worker versioning. Until then roll forward, not back."
)
_ACTIVITY = "Keep the activity registered under its old name for as long as executions that have scheduled it are open."


@check(
    "goes-on-under-other-code",
    why="An execution that is open when other code is deployed replays its history there: where that decides "
    "otherwise it is stuck until the code is rolled back.",
    fix="Put the change behind workflow.patched(), or pin executions to the version that began them with worker "
    "versioning (worker deployments).",
)
def goes_on_under_other_code(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """What was recorded under one version of the worker goes on under the other."""
    changes = [strike for strike in evidence.strikes if faults_met.fault_of(strike).changes_code]
    if not changes:
        raise NothingToLookAt("the code was not changed")
    subjects: set[str] = set()
    for entry in evidence.tape:
        finding = _finding(entry, evidence) if entry.kind == "request" and entry.at > changes[0].at else None
        if finding is not None and finding.subject not in subjects:
            subjects.add(finding.subject)
            yield finding


def _finding(entry: Entry, evidence: Evidence) -> Finding | None:
    """Return what an answer of a worker process says about the code that it runs, or None."""
    task, activity = entry.facts_as(WorkflowTaskFailed), entry.facts_as(ActivityFailed)
    if task is None and (activity is None or not is_unregistered(activity.failure.message)):
        return None
    failure = (task or activity).failure.message  # type: ignore[union-attr]  # one of them is there
    path = entry.point.workflow if entry.point else entry.workflow_id
    under, is_next = _version(evidence, entry.worker)
    words = failure.rpartition(_NONDETERMINISM)[2].strip().partition("\n")[0][:_LONGEST]
    fix, severity = "", None
    if activity is not None:
        fix = _ACTIVITY
    elif not is_next:
        fix, severity = _ROLLBACK, Severity.RISKY
    return Finding(
        check="goes-on-under-other-code",
        subject=f"{path} under the {'next version' if is_next else 'version before'}",
        message=f"{path} does not go on under {under}: {words}",
        evidence=showing.entries(evidence, [*evidence.strikes, entry], saying=""),
        severity=severity,
        fix=fix,
    )


def _version(evidence: Evidence, worker: int) -> tuple[str, bool]:
    """Return in words which version a worker process runs, and whether it is the next one."""
    started = (entry.facts_as(WorkerStarted) for entry in acts(evidence.tape, "start-worker") if entry.worker == worker)
    facts = next(filter(None, started), None)
    is_next = facts is not None and facts.version == "next"
    command = f" ({facts.command})" if facts and facts.command else ""
    return ("the next version" if is_next else "the version before it, rolled back to") + command, is_next
