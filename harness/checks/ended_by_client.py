"""How a workflow rightly ends that was cancelled or terminated, or that nobody answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.checks import faults_met, masking
from harness.checks.attempts import attempts_of
from harness.checks.check import CannotTell
from harness.faults.client_actions import ResetWorkflow
from harness.records.activity_account import why_no_history
from harness.records.evidence import Evidence, History
from harness.records.message_facts import HeartbeatReply
from harness.records.tape import Entry, client_calls
from harness.temporal import event as events

_COMPLETED, _FAILED = "WORKFLOW_EXECUTION_COMPLETED", "WORKFLOW_EXECUTION_FAILED"
_TIMED_OUT = "WORKFLOW_EXECUTION_TIMED_OUT"
_OWN_ENDS = (_COMPLETED, _FAILED)
_MORE = 2  # activities that are no cleaning up any more


def wrong_end_of_client(evidence: Evidence, close: dict[str, Any], baselines: Sequence[Evidence]) -> str | None:
    """Return what is wrong with the end of the work where somebody else decided it.

    An empty text where nothing is; None where nobody did, or who did came after the end.

    Raises:
        CannotTell: It was to be reset, and was not.
    """
    if words := _not_reset(evidence):
        raise CannotTell(words)
    fault = faults_met.decided_by_client(evidence)
    kind = events.kind(close)
    if fault is None or (fault.ends in faults_met.ACTS and _came_too_late(evidence, faults_met.ACTS[fault.ends])):
        return None
    if fault.ends == "its own way":
        by_itself = kind in _OWN_ENDS or (kind == _TIMED_OUT and not any(map(_declares_timeout, evidence.roots)))
        return "" if by_itself else f"{_words(kind)}, though nobody ended it"
    if fault.ends == "terminated":
        return "" if kind == "WORKFLOW_EXECUTION_TERMINATED" else f"{_words(kind)}, though it was terminated"
    if kind == _COMPLETED and (went_on := _went_on(evidence, baselines)):
        return f"completed as if nobody had cancelled it: asked to end, it went on with {went_on}"
    if kind in ("WORKFLOW_EXECUTION_CANCELED", *_OWN_ENDS):
        return ""
    return f"{_words(kind)}, though it was cancelled"


def _not_reset(evidence: Evidence) -> str:
    """Return why the work was not reset that was to be; an empty text where it was, or was not to be."""
    if not any(isinstance(fault.action, ResetWorkflow) for fault in evidence.faults):
        return ""
    calls = client_calls(evidence.tape, "reset")
    refused = next((call.failure for call in calls if call.failure), "")
    return f"the server did not reset it: {refused}" if refused else "" if calls else "it ended before it was reset"


def _declares_timeout(run: History) -> bool:
    """Tell whether a run that timed out was to; else the test server skipped all the time that it gives each."""
    timeout = events.seconds(events.started(run).get("workflowExecutionTimeout"))
    return events.declared_seconds(timeout) == timeout


def _came_too_late(evidence: Evidence, act: str) -> bool:
    calls = client_calls(evidence.tape, act)
    return bool(calls) and all(call.failure for call in calls)


def _went_on(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Return the work that was begun after it was heard that it is cancelled; empty where none was.

    Where the result is the usual one all that was begun is the work. Where it is another, what was begun may undo or
    tell that it was cancelled: then only more of what it was at is the work, two activities of types that it had begun
    before, with inputs that they have undisturbed. One alone may set back in the end what it had set first.
    """
    as_usual = bool(baselines) and masking.agrees(masking.result_of(evidence), masking.result_pattern(list(baselines)))
    if why_no_history(evidence):
        return _called_after_cancel(evidence) if as_usual else ""
    usual = [_work(event) for baseline in baselines for each in baseline.roots for event in _scheduled(each.events)]
    for history in evidence.roots:
        before, after = _around_cancel(history)
        known = {name for name, _ in map(_work, before)}
        more = [name for name, given in map(_work, after) if as_usual or (name in known and (name, given) in usual)]
        if len(more) >= (1 if as_usual else _MORE):
            return more[0]
    return ""


def _called_after_cancel(evidence: Evidence) -> str:
    """Return what an activity without a workflow called after a heartbeat's answer that it is cancelled.

    One call may have been on its way, or what is done to the end before the activity stops.
    """
    for attempt in attempts_of(evidence):
        heard = [each.at for each in attempt.entries if _tells_of_cancel(each) and each.message not in attempt.dropped]
        calls = [call for call in attempt.calls("effect", "model") if heard and call.at > heard[0]]
        if len(calls) > 1:
            return f"{len(calls)} more calls, the last of {calls[-1].operation}"
    return ""


def _tells_of_cancel(entry: Entry) -> bool:
    reply = entry.facts_as(HeartbeatReply) if entry.kind == "reply" else None
    return reply is not None and reply.cancel_requested


def _around_cancel(history: History) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the activities that a run had begun when it was told that it is cancelled, and those of later."""
    asked = False
    for at, event in enumerate(history.events):
        kind = events.kind(event)
        asked = asked or kind == "WORKFLOW_EXECUTION_CANCEL_REQUESTED"
        if asked and kind == "WORKFLOW_TASK_STARTED":
            return _scheduled(history.events[:at]), _scheduled(history.events[at:])
    return _scheduled(history.events), []


def _scheduled(part: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in part if events.kind(event) == "ACTIVITY_TASK_SCHEDULED"]


def _work(scheduled: dict[str, Any]) -> tuple[str, Any]:
    """Return which work the event of a scheduled activity begins: its type and what it is given."""
    attributes = events.attributes(scheduled)
    return events.activity_type(attributes), attributes.get("input")


def _words(kind: str) -> str:
    return kind.removeprefix("WORKFLOW_EXECUTION_").lower().replace("_", " ")
