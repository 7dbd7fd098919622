"""Workflow tasks that the server lost: it refused what they decided and recorded nothing, so that the run stands still.

A server is to record that such a task failed, or that it timed out, and to hand it out again. The SDK's test server
(1.40.0) does neither where an activity has completed, or a timer has fired, while a workflow task was under way that
cancels it.
"""

from __future__ import annotations

from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTask
from harness.records.tape import Entry, executed
from harness.temporal import event as events

_REFUSED = ("FAILED_PRECONDITION", "INVALID_ARGUMENT", "INTERNAL", "UNKNOWN")
"""What a server says that does not take an answer; not that it knows no such task, or is away."""

_REMEDY = "; the engine `dev` takes what this one refuses"


def lost_task(evidence: Evidence) -> str:
    """Say which workflow task the server lost, so that nothing but the deadline could end the trial; or say nothing."""
    if evidence.end != "deadline":
        return ""
    for history in evidence.histories:
        if not history.events or events.kind(history.events[-1]) != "WORKFLOW_TASK_STARTED":
            continue
        if (refused := _refused(history.run_id, evidence)) is not None:
            decided = f" ({refused.point.subject})" if refused.point and refused.point.subject else ""
            return (
                f"this server refused what {history.path} decided{decided} with {refused.status}, recorded neither a "
                "failure nor a timeout of that workflow task, and never handed it out again: no worker can go on"
                f"{_REMEDY if evidence.engine == 'time-skipping' else ''}"
            )
    return ""


def _refused(run_id: str, evidence: Evidence) -> Entry | None:
    """Return the server's refusal of what a run's last workflow task decided, or None."""
    last: Entry | None = None
    for entry in executed(evidence.tape, door="wire"):
        if entry.run_id == run_id and entry.operation == "RespondWorkflowTaskCompleted":
            last = entry
        elif entry.run_id == run_id and entry.facts_as(WorkflowTask) is not None:
            last = None
    return last if last is not None and last.status in _REFUSED else None
