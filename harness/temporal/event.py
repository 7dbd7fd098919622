"""Events of a history in protobuf JSON: their types, attributes and times, and which belong to which activity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from harness.records.evidence import Evidence, History

CLOSES = {
    "WORKFLOW_EXECUTION_COMPLETED",
    "WORKFLOW_EXECUTION_FAILED",
    "WORKFLOW_EXECUTION_TIMED_OUT",
    "WORKFLOW_EXECUTION_CANCELED",
    "WORKFLOW_EXECUTION_TERMINATED",
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
}
"""The event types that close a run."""

ACTIVITY_ENDS = ("ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT", "ACTIVITY_TASK_CANCELED")
"""The event types that end an activity."""

_OF_TEST_SERVER_SECONDS = 10 * 365 * 24 * 3600.0
_FRACTION = re.compile(r"\.(\d+)")


def kind(event: Mapping[str, Any]) -> str:
    """Return the event's type without its prefix: ``ACTIVITY_TASK_SCHEDULED``."""
    return str(event["eventType"]).removeprefix("EVENT_TYPE_")


def attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event's own attributes, whatever its type."""
    return next((value for name, value in event.items() if name.endswith("EventAttributes")), {})


def number(event: Mapping[str, Any]) -> int:
    """Return the event's id."""
    return int(event["eventId"])


def at(event: Mapping[str, Any]) -> float:
    """Return when the event happened, in seconds since the epoch."""
    return timestamp(str(event.get("eventTime", "")))


def timestamp(text: str) -> float:
    """Return an RFC 3339 time in seconds since the epoch; 0 for none."""
    if not text:
        return 0.0
    fraction = _FRACTION.search(text)
    whole = datetime.fromisoformat(_FRACTION.sub("", text).replace("Z", "+00:00")).timestamp()
    return whole + (float(f"0.{fraction[1]}") if fraction else 0.0)


def seconds(duration: Any) -> float:
    """Return a protobuf JSON duration (``"1.5s"``) in seconds; 0 for none."""
    return float(str(duration).removesuffix("s")) if duration else 0.0


def declared_seconds(timeout: float) -> float:
    """Return the seconds of a timeout, 0 where it is what the SDK's test server (1.40) sets if nobody declares any.

    It gives each workflow an execution and a run timeout of ten years, and them to its activities (schedule-to-close).
    """
    return 0.0 if timeout == _OF_TEST_SERVER_SECONDS else timeout


def started(history: History) -> dict[str, Any]:
    """Return the attributes of the event with which the run began; empty where the history does not hold it."""
    return next((attributes(event) for event in history.of_type("WORKFLOW_EXECUTION_STARTED")), {})


def close_of(history: History) -> dict[str, Any] | None:
    """Return the event that closed the run, or None while it is open."""
    return next((event for event in reversed(history.events) if kind(event) in CLOSES), None)


def reset_from(history: History) -> str:
    """Return the id of the run that was reset, where a run took its place; else an empty text.

    The event that says so stands in every later run, too, that is reset from that one.
    """
    resets = (attributes(event) for event in history.of_type("WORKFLOW_TASK_FAILED"))
    return next((str(each.get("baseRunId", "")) for each in resets if each.get("newRunId") == history.run_id), "")


def update_name(history: History, accepted: Mapping[str, Any]) -> str:
    """Return the name of an update that a workflow has accepted; an empty text where its history does not tell.

    One that the server sent anew after a reset is asked for by the event with which it was admitted.
    """
    update = attributes(accepted)
    asked = [update.get("acceptedRequest") or {}]
    asked += [attributes(event).get("request") or {} for event in history.of_type("WORKFLOW_EXECUTION_UPDATE_ADMITTED")]
    of_this = (
        each for each in asked if (each.get("meta") or {}).get("updateId", "") == update.get("protocolInstanceId")
    )
    named = next(of_this, asked[0])
    return str((named.get("input") or {}).get("name", ""))


def unfinished_updates(history: History) -> list[dict[str, Any]]:
    """Return the events with which updates were accepted that the run never finished.

    An update is known by its id as well: the SDK's test server does not write with which event it was accepted.
    """
    finished = [*history.of_type("WORKFLOW_EXECUTION_UPDATE_COMPLETED")]
    numbers = {int(attributes(event).get("acceptedEventId") or 0) for event in finished}
    ids = {(attributes(event).get("meta") or {}).get("updateId") for event in finished}
    return [
        event
        for event in history.of_type("WORKFLOW_EXECUTION_UPDATE_ACCEPTED")
        if number(event) not in numbers and attributes(event).get("protocolInstanceId", "") not in ids
    ]


def root_close(evidence: Evidence) -> dict[str, Any] | None:
    """Return the event that closed the whole chain of the scenario's workflow, or None while it is open.

    Of several executions of the work it is the last one that closed; each is looked at by ``evidence.executions``.
    """
    closes = [close_of(one.roots[-1]) if one.roots else None for one in evidence.executions]
    ended = [close for close in closes if close is not None and kind(close) != "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"]
    return max(ended, key=at) if len(ended) == len(closes) else None


def scheduled_activities(history: History) -> dict[int, dict[str, Any]]:
    """Return the scheduled activities of a run: event id to attributes."""
    return {number(event): attributes(event) for event in history.of_type("ACTIVITY_TASK_SCHEDULED")}


def activity_type(scheduled: Mapping[str, Any]) -> str:
    """Return the activity type that the attributes of a scheduled activity name."""
    return str((scheduled.get("activityType") or {}).get("name", "an activity"))


def ended_activities(history: History, *also: str) -> set[int]:
    """Return the ids of the events that scheduled the activities which have ended, or to which an event came, too."""
    return {int(attributes(event).get("scheduledEventId", 0)) for event in history.of_type(*ACTIVITY_ENDS, *also)}


def open_activities(history: History) -> list[dict[str, Any]]:
    """Return the events of the activities that were scheduled and neither ended nor asked to be cancelled."""
    ended = ended_activities(history, "ACTIVITY_TASK_CANCEL_REQUESTED")
    return [event for event in history.of_type("ACTIVITY_TASK_SCHEDULED") if number(event) not in ended]


def timer_left(history: History, moment: float) -> float:
    """Return the seconds until the last timer that was running at that moment fires; 0 where none was."""
    ended = {
        int(attributes(event).get("startedEventId", 0)): at(event)
        for event in history.of_type("TIMER_FIRED", "TIMER_CANCELED")
    }
    left = [0.0]
    for event in history.of_type("TIMER_STARTED"):
        fires = at(event) + seconds(attributes(event).get("startToFireTimeout"))
        if at(event) <= moment < ended.get(number(event), float("inf")):
            left.append(fires - moment)
    return max(left)


def by_number(history: History, event_id: int) -> dict[str, Any]:
    """Return the event of that id; an empty one if there is none."""
    return next((event for event in history.events if number(event) == event_id), {"eventId": "0", "eventType": ""})


def started_activities(history: History) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the attributes of each scheduled activity that was started, and the event that says so."""
    scheduled = scheduled_activities(history)
    for event in history.of_type("ACTIVITY_TASK_STARTED"):
        yield scheduled.get(int(attributes(event).get("scheduledEventId", 0)), {}), event
