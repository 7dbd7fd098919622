"""Left undone: updates, activities and children that are cut off because the run they belong to ended first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.activity_account import recorded, why_no_history
from harness.records.evidence import Evidence, History
from harness.records.verdict import Finding, Severity
from harness.temporal import event as events

_GOOD_ENDS = ("WORKFLOW_EXECUTION_COMPLETED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW")
_CHILD_ENDS = (
    *(f"CHILD_WORKFLOW_EXECUTION_{how}" for how in ("COMPLETED", "FAILED", "CANCELED", "TIMED_OUT", "TERMINATED")),
    "START_CHILD_WORKFLOW_EXECUTION_FAILED",
)


@check(
    "updates-finished",
    why="Who sent the update is told that it failed, though the workflow had accepted it.",
    fix="Wait for workflow.all_handlers_finished before the workflow returns or continues as new.",
)
def updates_finished(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Every update that a workflow accepts is finished before its run ends."""
    accepting = [each for each in evidence.histories if any(each.of_type("WORKFLOW_EXECUTION_UPDATE_ACCEPTED"))]
    if not accepting:
        raise NothingToLookAt("no update was accepted")
    for history in accepting:
        close = _good_end(history)
        for event in events.unfinished_updates(history) if close is not None else ():
            name = events.update_name(history, event) or "an update"
            words = f"update {name} was accepted and never finished: {history.path} {_ended(close)} under its handler"
            yield _finding("updates-finished", f"{history.path} {name}", words, event, close)


@check(
    "activities-finished",
    why="Nobody hears how such an activity ends, and when its worker dies it is not tried again: its workflow is over.",
    fix="Await the activity, or cancel it before the workflow ends; what shall outlive the workflow is a child "
    "workflow with the parent close policy ABANDON.",
)
def activities_finished(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No activity is left open when its workflow completes or continues as new.

    Where that is so without any strike it is declared like that, and only the next failure loses work. Where a strike
    leaves more of them open than there are else, work is lost now.
    """
    scheduled = [history for history in recorded(evidence) if events.scheduled_activities(history)]
    if not scheduled:
        raise NothingToLookAt(why_no_history(evidence) or "no activity was scheduled")
    for history in scheduled:
        close, left = _good_end(history), events.open_activities(history)
        usual = [
            len(events.open_activities(each))
            for baseline in baselines
            for each in baseline.histories
            if each.path == history.path
        ]
        more = len(left) > max(usual, default=0)
        if close is None or (evidence.plan.strikes and not more):
            continue
        severity = Severity.BROKEN if more else Severity.RISKY
        for event in left:
            name = events.activity_type(events.attributes(event))
            words = f"{name} was still open when {history.path} {_ended(close)}"
            yield _finding("activities-finished", name, words, event, close, severity=severity)


@check(
    "children-finished",
    why="A child is terminated with its parent unless it is told to live on: what it had to do is not done.",
    fix="Await the child's result; or, where it shall outlive its parent, start it with "
    "parent_close_policy=ABANDON and await its start.",
)
def children_finished(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No child is ended, or kept from its start, because its parent completed first."""
    started = [
        (h, event) for h in evidence.histories for event in h.of_type("START_CHILD_WORKFLOW_EXECUTION_INITIATED")
    ]
    if not started:
        raise NothingToLookAt("no child workflow was started")
    for parent, event in started:
        close = _good_end(parent)
        if close is None or _answered(parent, event, *_CHILD_ENDS) or _asked_to_cancel(parent, event):
            continue
        words, severity = _cut_off(parent, event, evidence)
        if words:
            kind = str((events.attributes(event).get("workflowType") or {}).get("name", "a child"))
            message = f"child workflow {kind} {words}: its parent {parent.path} {_ended(close)} first"
            yield _finding("children-finished", f"{parent.path} {kind}", message, event, close, severity=severity)


def _good_end(history: History) -> dict[str, Any] | None:
    """Return the event with which a run ended well; None where it is open, or failed, or was stopped from outside."""
    close = events.close_of(history)
    return close if close is not None and events.kind(close) in _GOOD_ENDS else None


def _ended(close: dict[str, Any] | None) -> str:
    continued = close is not None and events.kind(close) == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    return "continued as new" if continued else "completed"


def _answered(parent: History, initiated: dict[str, Any], *kinds: str) -> bool:
    """Tell whether an event of these kinds is about the child that another one began."""
    number = str(events.number(initiated))
    return any(str(events.attributes(event).get("initiatedEventId")) == number for event in parent.of_type(*kinds))


def _asked_to_cancel(parent: History, initiated: dict[str, Any]) -> bool:
    child = events.attributes(initiated).get("workflowId")
    asked = parent.of_type("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED")
    return any((events.attributes(event).get("workflowExecution") or {}).get("workflowId") == child for event in asked)


def _cut_off(parent: History, initiated: dict[str, Any], evidence: Evidence) -> tuple[str, Severity | None]:
    """Return what became of a child that was open when its parent ended, or an empty text where nothing is wrong.

    One that only waits when it is terminated may be meant to live no longer than its parent: that is risky. One that
    asks to be cancelled, by its policy, is ended in an orderly way.
    """
    declared = events.attributes(initiated)
    policy = str(declared.get("parentClosePolicy", "")).removeprefix("PARENT_CLOSE_POLICY_")
    began = _answered(parent, initiated, "CHILD_WORKFLOW_EXECUTION_STARTED")
    if policy == "ABANDON":
        return ("" if began else "was told to live on, and may never be started"), None
    if policy == "REQUEST_CANCEL":
        return "", None
    child = next((each for each in evidence.histories if each.workflow_id == declared.get("workflowId")), None)
    close = events.close_of(child) if child else None
    if close is not None and events.kind(close) != "WORKFLOW_EXECUTION_TERMINATED":
        return "", None
    if child is None or not any(child.of_type("WORKFLOW_TASK_COMPLETED")):
        return "was terminated before it had done anything", None
    if left := events.open_activities(child):
        name = events.activity_type(events.attributes(left[0]))
        return f"was terminated while {name} was under way", None
    return "was terminated while it waited", Severity.RISKY


def _finding(
    check_name: str,
    subject: str,
    words: str,
    *shown: dict[str, Any] | None,
    severity: Severity | None = None,
) -> Finding:
    evidence = tuple(showing.event(event) for event in shown if event is not None)
    return Finding(check=check_name, subject=subject, message=words, evidence=evidence, severity=severity)
