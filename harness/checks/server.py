"""The server: what it acknowledged before it was killed is still there when it comes back."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from harness.checks import showing
from harness.checks.attempts import requests
from harness.checks.check import NothingToLookAt, check
from harness.records.activity_account import recorded, why_no_history
from harness.records.evidence import Crash, Evidence, History
from harness.records.message_facts import WorkflowTask
from harness.records.tape import Entry, acts, executed
from harness.records.verdict import EvidenceEntry, Finding
from harness.temporal import event as events

_SYSTEM = "temporal-sys"
_TASK = ("WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED")
_DISTINGUISHED_BY = ("scheduledEventId", "signalName", "startedEventId", "initiatedEventId", "requestId")


@check(
    "state-survives-server-restart",
    why="What the server took and then forgot is lost without a trace.",
    fix="Nothing in the agent can cause this: look for its database and the disk below it, and report it.",
)
def state_survives_server_restart(evidence: Evidence, baselines: Sequence[Evidence]) -> Generator[Finding, None, str]:
    """All that the server acknowledged before it was killed is in its database, and goes on from there."""
    if not evidence.crashes:
        raise NothingToLookAt("no server was killed, or its database could not be copied")
    for crash in evidence.crashes:
        if crash.integrity.strip().lower() != "ok":
            yield _finding("integrity", f"the database of the killed server is damaged: {crash.integrity[:300]}", ())
        for history in crash.histories:
            if not history.workflow_id.startswith(_SYSTEM):
                yield from _differs(history, evidence)
        for entry in _acknowledged(crash, evidence):
            missing = _missing(entry, crash, evidence)
            if missing:
                shown = showing.entries(evidence, [entry], saying="{operation} {status}")
                yield _finding(entry.operation, f"{missing} was acknowledged, and is not in the database", shown)
    without = why_no_history(evidence)
    return f"only whether the database is whole: {without} to look for in it" if without else ""


def _finding(subject: str, words: str, shown: tuple[EvidenceEntry, ...]) -> Finding:
    return Finding(check="state-survives-server-restart", subject=subject, message=words, evidence=shown)


def _differs(copy: History, evidence: Evidence) -> Iterator[Finding]:
    """Yield the first event of a history in the copy that the same run does not have any more."""
    final = next((history for history in evidence.histories if history.run_id == copy.run_id), None)
    if final is None:
        yield _finding(copy.path, f"the history of {copy.path} is gone since the server was killed", ())
        return
    numbered = {events.number(event): event for event in final.events}
    for event in copy.events:
        now = numbered.get(events.number(event))
        if events.number(event) <= 0:  # It was buffered: it gets its number only later.
            same = any(_alike(event, each) for each in final.events)
        else:
            same = now is not None and _identity(now) == _identity(event)
        if not same and not _is_transient(event, copy):
            shown = (showing.event(event), *([showing.event(now)] if now else []))
            words = f"event {events.number(event)} {events.kind(event)} of {copy.path}"
            yield _finding(copy.path, f"{words} was in the database, and is not in the history any more", shown)
            return


def _identity(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return events.kind(event), events.attributes(event)


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two events are the same, apart from the numbers that a buffered event gets only later."""
    if events.kind(one) != events.kind(other):
        return False
    before, now = events.attributes(one), events.attributes(other)
    known = [
        name for name in _DISTINGUISHED_BY if before.get(name) not in (None, "", "0") and not _unplaced(before[name])
    ]
    return all(before[name] == now.get(name) for name in known)


def _unplaced(value: Any) -> bool:
    return str(value).startswith("-")


def _is_transient(event: dict[str, Any], copy: History) -> bool:
    """Tell whether an event is of a workflow task at the end of the history: the server may make it anew."""
    rest = copy.events[next(index for index, each in enumerate(copy.events) if each is event) :]
    return all(events.kind(each) in _TASK for each in rest)


def _acknowledged(crash: Crash, evidence: Evidence) -> Iterator[Entry]:
    """Yield the replies of completions that the server took before it was killed."""
    recorded_runs = {history.run_id for history in recorded(evidence)}
    operations = ["RespondActivityTaskCompleted"]
    if not any(acts(evidence.tape, "update")):
        # A workflow task that was made for an update alone leaves no event where the update is rejected.
        operations.append("RespondWorkflowTaskCompleted")
    for reply in executed(evidence.tape, door="wire"):
        taken = reply.operation in operations and reply.status == "OK" and reply.at <= crash.at
        if taken and reply.run_id in recorded_runs:
            yield reply


def _missing(reply: Entry, crash: Crash, evidence: Evidence) -> str:
    """Return what an acknowledged completion should have left in the copy and did not, or an empty text."""
    copy = next((history for history in crash.histories if history.run_id == reply.run_id), None)
    events_of = copy.events if copy else ()
    if reply.operation == "RespondActivityTaskCompleted":
        scheduled = events.scheduled_activities(copy) if copy else {}
        for event in events_of:
            activity = scheduled.get(int(events.attributes(event).get("scheduledEventId") or 0), {})
            if events.kind(event) == "ACTIVITY_TASK_COMPLETED" and activity.get("activityId") == reply.activity_id:
                return ""
        return f"the completion of {reply.point.subject if reply.point else 'activity'} {reply.activity_id}"
    started = _started_event(reply, evidence)
    kept = any(
        events.kind(event) == "WORKFLOW_TASK_COMPLETED"
        and int(events.attributes(event).get("startedEventId") or 0) == started
        for event in events_of
    )
    return "" if kept or not started else f"the completion of the workflow task of event {started}"


def _started_event(reply: Entry, evidence: Evidence) -> int:
    """Return the id of the event that started the workflow task which was completed; 0 if it is not known."""
    asked = requests(evidence.tape).get(reply.message, reply)
    handed = [
        task.started_event_id
        for entry in executed(evidence.tape, door="wire")
        if (task := entry.facts_as(WorkflowTask)) is not None
        and not task.query
        and entry.run_id == reply.run_id
        and entry.at <= asked.at
        and entry.message != reply.message
    ]
    return handed[-1] if handed else 0
