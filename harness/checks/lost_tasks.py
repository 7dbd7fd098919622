"""Workflow tasks that the server lost: no worker can go on with their run, and nothing of it is the worker's doing.

A server is to record that a task which it refuses failed, or that it timed out, and to hand it out again. That of the
SDK for tests (1.40.0) does neither where an activity has completed, or a timer has fired, while a workflow task was
under way that cancels it. And it may skip time while a workflow task is under way, up to the ten years that it gives
each run.
"""

from __future__ import annotations

from harness.records.evidence import Evidence, History
from harness.records.message_facts import WorkflowTask
from harness.records.tape import Entry, executed
from harness.temporal import event as events

_REFUSED = ("FAILED_PRECONDITION", "INVALID_ARGUMENT", "INTERNAL", "UNKNOWN")
"""What a server says that does not take an answer; not that it knows no such task, or is away."""

_UNDER_WAY = ("WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED")


def lost_task(evidence: Evidence) -> str:
    """Say which workflow task the server lost, so that its run could not end as it would have; or say nothing."""
    for history in evidence.histories:
        words = _forgotten(history, evidence) if evidence.end == "deadline" else _skipped(history)
        if words:
            remedy = "; the engine `dev` does not" if evidence.engine == "time-skipping" else ""
            return f"this server {words}: no worker can go on{remedy}"
    return ""


def _forgotten(history: History, evidence: Evidence) -> str:
    """Say that the server refused what a run decided, and that nothing came of it."""
    refused = _refused(history.run_id, evidence)
    if refused is None or _last_of_tasks(history) != "WORKFLOW_TASK_STARTED":
        return ""
    decided = f" ({refused.point.subject})" if refused.point and refused.point.subject else ""
    return (
        f"refused what {history.path} decided{decided} with {refused.status}, recorded neither a failure nor a timeout "
        "of that workflow task, and never handed it out again"
    )


def _refused(run_id: str, evidence: Evidence) -> Entry | None:
    """Return the server's refusal of what a run's last workflow task decided, or None."""
    last: Entry | None = None
    for entry in executed(evidence.tape, door="wire"):
        if entry.run_id == run_id and entry.operation == "RespondWorkflowTaskCompleted":
            last = entry
        elif entry.run_id == run_id and entry.facts_as(WorkflowTask) is not None:
            last = None
    return last if last is not None and last.status in _REFUSED else None


def _skipped(history: History) -> str:
    """Say that the server let a run time out that has no timeout declared, while a workflow task was under way."""
    close, timeout = events.close_of(history), events.seconds(events.started(history).get("workflowExecutionTimeout"))
    if close is None or events.kind(close) != "WORKFLOW_EXECUTION_TIMED_OUT" or events.declared_seconds(timeout):
        return ""
    if not timeout or _last_of_tasks(history) not in _UNDER_WAY:
        return ""
    return f"let all the time pass that it gives {history.path} while a workflow task of it was under way"


def _last_of_tasks(history: History) -> str:
    """Return the kind of the last event of a workflow task; an empty text where there is none."""
    kinds = [kind for kind in map(events.kind, history.events) if kind.startswith("WORKFLOW_TASK_")]
    return kinds[-1] if kinds else ""
