"""The account of an activity that no workflow scheduled: what the server says of it, told as a history would tell it.

Such an activity has no history. What DescribeActivityExecution says of it is kept as it is, and told here as the events
that a workflow would have which does this activity, nothing else, and ends as it does. A check that asks how activities
and the work end so holds for both; one that asks for recorded events has nothing to look at here (``recorded``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.records.evidence import Evidence, History

_STATUS = "ACTIVITY_EXECUTION_STATUS_"
_ENDS = {
    "COMPLETED": ("COMPLETED", "COMPLETED"),
    "FAILED": ("FAILED", "FAILED"),
    "TIMED_OUT": ("TIMED_OUT", "FAILED"),
    "CANCELED": ("CANCELED", "CANCELED"),
    "TERMINATED": ("", "TERMINATED"),
}
"""By the status of an activity how the event ends that closes it, and how that ends which closes its workflow."""

_IN_ACCOUNT = "activityStatus"
"""What an event of an account says that no event of a history does: what became of the activity by then."""

_DECLARED = (
    *("activityId", "activityType", "scheduleToCloseTimeout", "scheduleToStartTimeout"),
    *("startToCloseTimeout", "heartbeatTimeout", "retryPolicy"),
)


def history_of_activity(described: Mapping[str, Any], *, path: str, root: bool) -> History:
    """Return the account of an activity.

    Args:
        described: The response of DescribeActivityExecution, with input and outcome, in protobuf JSON.
        path: As in ``History``.
        root: As in ``History``.
    """
    info = described.get("info") or {}
    return History(
        workflow_id=str(info.get("activityId", "")),
        run_id=str(info.get("runId", "")),
        path=path,
        root=root,
        events=tuple(_events(info, described)),
        described=dict(described),
    )


def event_name(event: Mapping[str, Any]) -> str:
    """Return what an event is called: its id and type; in an account what became of the activity."""
    kind = str(event.get("eventType", "")).removeprefix("EVENT_TYPE_")
    became = event.get(_IN_ACCOUNT)
    return f"event {event.get('eventId')} {kind}" if became is None else f"ACTIVITY_EXECUTION_{became}"


def recorded(evidence: Evidence) -> tuple[History, ...]:
    """Return the histories that a server has recorded, and no accounts of activities."""
    return tuple(history for history in evidence.histories if history.described is None)


def why_no_history(evidence: Evidence) -> str:
    """Say why there is no recorded history, or return an empty text: there is one, or nothing is known of the work."""
    without = evidence.histories and not recorded(evidence)
    return "the work is an activity without a workflow, which has no history" if without else ""


def _events(info: Mapping[str, Any], described: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    status = str(info.get("status", "")).removeprefix(_STATUS)
    begun, given = info.get("scheduleTime", ""), described.get("input") or {}
    started = {"workflowType": info.get("activityType"), "taskQueue": {"name": info.get("taskQueue")}, "input": given}
    yield _event(1, "WORKFLOW_EXECUTION_STARTED", begun, started, "SCHEDULED")
    declared = {name: info[name] for name in _DECLARED if name in info}
    yield _event(2, "ACTIVITY_TASK_SCHEDULED", begun, {**declared, "input": given}, "SCHEDULED")
    activity, work = _ENDS.get(status, ("", ""))
    if not work:
        return
    ended, outcome = info.get("closeTime", ""), described.get("outcome") or {}
    if activity and info.get("lastStartedTime"):
        attempt = {"scheduledEventId": "2", "attempt": info.get("attempt", 1)}
        yield _event(3, "ACTIVITY_TASK_STARTED", info["lastStartedTime"], attempt, "STARTED")
    if activity:
        of = {"scheduledEventId": "2", "startedEventId": "3" if info.get("lastStartedTime") else "0"}
        yield _event(4, f"ACTIVITY_TASK_{activity}", ended, {**of, **outcome}, status)
    yield _event(5, f"WORKFLOW_EXECUTION_{work}", ended, outcome, status)


def _event(number: int, kind: str, at: str, attributes: Mapping[str, Any], became: str) -> dict[str, Any]:
    first, *rest = kind.lower().split("_")
    name = first + "".join(word.capitalize() for word in rest) + "EventAttributes"
    known = {"eventId": str(number), "eventTime": at, "eventType": f"EVENT_TYPE_{kind}", _IN_ACCOUNT: became}
    return {**known, name: dict(attributes)}
