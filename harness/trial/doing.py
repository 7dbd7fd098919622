"""What the agent of a trial does now, by what passed the doors last: an activity attempt, a model call, an effect."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from harness.records.point import Point
from harness.records.tape import Entry

_LOOKED_AT = 400  # entries from the end: what is further back is no news
_DOORS = {"model": "model call", "effect": "effect"}
_SIGNS_OF_WAITING = ("RecordActivityTaskHeartbeat", "lag", "metrics")
_AT_WORK = ("start-worker", "worker-exit")  # acts of crashproof's own after which a process is started, or judged
_WAITS_AFTER = 1.0  # seconds in which no message passes a door: who has work to do is done with it by then
_ACTS = {
    "start-worker": "a worker process starts",
    "worker-ready": "the worker waits for a task",
    "worker-exit": "the worker process has ended",
    "pass": "time passes",
}


def doing(entries: Sequence[Entry]) -> str:
    """Return in words what the agent does now; an empty text where nothing is known of it yet.

    A call of a model or an effect that has no answer comes before the activity attempt that makes it, and that before
    what crashproof did itself.

    Args:
        entries: The tape so far.
    """
    answered: set[int] = set()
    reported: set[tuple[str, str]] = set()
    for entry in islice(reversed(entries), _LOOKED_AT):
        if entry.kind == "act":
            if words := f"{entry.fault} made" if entry.operation == "strike" else _ACTS.get(entry.operation, ""):
                return words
            continue
        attempt = (entry.run_id, entry.activity_id)
        if entry.kind != "request":
            answered.add(entry.message)
        if entry.operation.startswith("RespondActivityTask"):
            reported.add(attempt)
        if entry.point is None:
            continue
        if entry.door in _DOORS and entry.kind == "request" and entry.message not in answered:
            return f"{_DOORS[entry.door]} {entry.operation}{_of(entry.point)}"
        if entry.activity_id and attempt not in reported and entry.kind == "reply":
            return _whose(entry.point)
        if entry.operation == "RespondWorkflowTaskCompleted" and entry.kind == "request":
            return f"workflow {entry.point.workflow}"
    return ""


def waits(entries: Sequence[Entry], *, now: float) -> bool:
    """Tell whether nothing is done in a trial but waiting: for a backoff, a timer, an answer that does not come.

    Heartbeats are signs of waiting, and polls that bring nothing. A worker process that starts is at work.

    Args:
        entries: The tape so far.
        now: Time of day, in seconds since the epoch.
    """
    for entry in islice(reversed(entries), _LOOKED_AT):
        ambient = entry.kind != "act" and entry.point is None
        if not ambient and entry.operation not in _SIGNS_OF_WAITING:
            return now - entry.at > _WAITS_AFTER and entry.operation not in _AT_WORK
    return False


def _of(point: Point) -> str:
    whose = _whose(point)
    return f" of {whose}" if whose else ""


def _whose(point: Point) -> str:
    if not point.execution:
        return point.workflow
    return f"{point.subject} {point.execution}" + (f", attempt {point.attempt}" if point.attempt > 1 else "")
