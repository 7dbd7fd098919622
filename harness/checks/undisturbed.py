"""Undisturbed runs: whether trials with a strike can be compared with them, and if not, what is in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.checks.execution import wrong_end
from harness.checks.lost_tasks import lost_task
from harness.checks.server_limits import terminated_by_server
from harness.checks.still_at_work import still_at_work
from harness.records.act_facts import DoorNotice
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityFailed
from harness.records.tape import acts
from harness.temporal import event as events
from harness.temporal.failure import failures_of

_LONGEST = 300

_NO_CONNECTION = re.compile(r"Connect|gaierror|MaxRetryError|ServerSelectionTimeout")
"""In names of the errors with which clients of all kinds say that nobody answers where they call."""

_NOTHING_DONE = {
    "WORKFLOW_EXECUTION_STARTED",
    "WORKFLOW_TASK_SCHEDULED",
    "WORKFLOW_TASK_STARTED",
    "WORKFLOW_TASK_COMPLETED",
    "WORKFLOW_EXECUTION_COMPLETED",
}
"""The event types of a run that did nothing but end."""


def notices_of(evidence: Evidence) -> list[str]:
    """Return what the doors said in a trial: a request of a shape that no server there knows, a script that raised."""
    return [notice.text for notice in _notices(evidence)]


def bad_end(evidence: Evidence) -> str:
    """Return how an undisturbed run ended that should have ended well, with its cause; or an empty text."""
    if at_work := still_at_work(evidence, [evidence]):
        return f"the work is not over: {at_work}"
    if evidence.end in ("deadline", "stopped"):
        return f"the work is already not over: {evidence.end_reason}"
    return next(filter(None, map(_bad_end, evidence.executions)), "")


def _bad_end(evidence: Evidence) -> str:
    if wrong := wrong_end(evidence, [evidence]):
        ended = events.root_close(evidence)
        causes = [str(failure.get("message", "")) for failure in failures_of(ended)] if ended else []
        cause = ": ".join(dict.fromkeys(filter(None, causes)))[:_LONGEST]
        return f"{evidence.roots[0].path} already {wrong}" + (f": {cause}" if cause else "")
    for history in evidence.roots[-1:]:
        if (close := terminated_by_server(history)) is not None:
            return f"{history.path} is already terminated by the server: {events.attributes(close).get('reason', '')}"
    return ""


def unserved(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Return what crashproof could not serve in a trial that went wrong, so that it may be no fault of the worker's.

    A run without a strike that ends well got along without it. One that ends otherwise, or that took no way that real
    work takes, may do so since its input, or what it is sent, was made up, or since what it calls is not there; where
    its workflow task fails again and again it is the code. Under a strike only what no undisturbed run asked for
    counts.
    """
    lacking = _unserved(evidence)
    if evidence.plan.strikes:
        usual = {text for baseline in baselines for text in _unserved(baseline)}
        lacking = [text for text in lacking if text not in usual]
    elif not (words := bad_end(evidence) or _led_astray(evidence)) or (evidence.end == "stopped" and not lacking):
        return ""
    elif not lacking and (absent := _absent(evidence)):
        return f"undisturbed, {words}; {absent}"
    elif not lacking and evidence.made_up:
        return f"undisturbed, {words}; crashproof made up {evidence.made_up}: where that does not fit, say what does"
    return f"crashproof could not serve what the worker asked for: {lacking[0]}" if lacking else ""


def why_not_compared(baselines: Sequence[Evidence]) -> str:
    """Return why nothing can be compared with these undisturbed runs, or an empty text."""
    for baseline in baselines:
        if words := bad_end(baseline) or _led_astray(baseline):
            return unserved(baseline, baselines) or lost_task(baseline) or f"undisturbed, {words}"
    return ""


def _led_astray(evidence: Evidence) -> str:
    """Return what shows that work ended well, and yet not as real work does, with what was made up; or an empty text.

    An activity of it failed for good, so that all that is compared is what comes of that; or it did nothing, though its
    worker has activities to do.
    """
    if not evidence.made_up or evidence.expects_failure is not None:
        return ""
    for history in evidence.histories:
        scheduled = events.scheduled_activities(history)
        for failed in history.of_type("ACTIVITY_TASK_FAILED"):
            named = events.activity_type(scheduled.get(int(events.attributes(failed).get("scheduledEventId", 0)), {}))
            causes = dict.fromkeys(str(each.get("message", "")) for each in failures_of(failed))
            return f"{named} failed for good: {': '.join(filter(None, causes))[:_LONGEST]}"
    happened = {events.kind(event) for history in evidence.histories for event in history.events}
    waits = any(entry.operation == "PollActivityTaskQueue" and entry.worker for entry in evidence.tape)
    return "its workflow ended at once, and did nothing" if waits and happened <= _NOTHING_DONE else ""


def _absent(evidence: Evidence) -> str:
    """Say that what an activity calls was not there when it failed last; an empty text where it failed otherwise."""
    for entry in reversed(evidence.tape):
        failed = entry.facts_as(ActivityFailed) if entry.kind == "request" else None
        if failed and entry.point:
            lost = _NO_CONNECTION.search(failed.failure.type)
            return f"what {entry.point.subject} calls could not be reached: start it before the run" if lost else ""
    return ""


def _unserved(evidence: Evidence) -> list[str]:
    return [notice.text for notice in _notices(evidence) if notice.unserved]


def _notices(evidence: Evidence) -> Iterator[DoorNotice]:
    notices = (entry.facts_as(DoorNotice) for entry in acts(evidence.tape, "notice"))
    return (notice for notice in notices if notice)
