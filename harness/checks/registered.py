"""Registration: whether the worker that is given an activity has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import faults_met, showing
from harness.checks.check import NothingToLookAt, check
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityFailed
from harness.records.tape import Entry
from harness.records.verdict import Finding
from harness.temporal.task_failure import is_unregistered, registered_types

_ENDS = ("RespondActivityTaskCompleted", "RespondActivityTaskFailed")


@check(
    "activities-registered",
    why="Each attempt fails with NotFoundError, which is retried like any other error: the workflow waits for ever, or "
    "gives up when its retry policy does.",
    fix="Put the activity into activities=[…] of the worker that polls this task queue, and of every other worker of "
    "it; what another worker serves is called with its task_queue=….",
)
def activities_registered(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A worker that is given an activity has it registered."""
    if any(faults_met.fault_of(strike).changes_code for strike in evidence.strikes):
        raise NothingToLookAt("the code was changed, and whether work goes on under it is a check of its own")
    ended = [entry for entry in evidence.tape if entry.kind == "request" and entry.operation in _ENDS]
    if not ended:
        raise NothingToLookAt("no activity ended")
    findings: dict[str, Finding] = {}
    for entry in ended:
        failed = entry.facts_as(ActivityFailed)
        if failed is not None and is_unregistered(failed.failure.message):
            finding = _unregistered(entry, evidence=evidence, has=registered_types(failed.failure.message))
            findings.setdefault(finding.subject, finding)
    yield from findings.values()


def _unregistered(entry: Entry, *, evidence: Evidence, has: Sequence[str]) -> Finding:
    activity, workflow = (entry.point.subject, entry.point.workflow) if entry.point else ("an activity", "a workflow")
    return Finding(
        check="activities-registered",
        subject=activity,
        message=f"{workflow} starts {activity}, and the worker that is given it has no such activity; "
        f"it has {', '.join(has) or 'others'}",
        evidence=showing.entries(evidence, [entry], saying=""),
    )
