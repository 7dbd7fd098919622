"""Events of a history in protobuf JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.records.evidence import History
from harness.temporal import event as events


def event(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    first, *words = kind.lower().split("_")
    name = "".join([first, *(word.capitalize() for word in words)])
    return {
        "eventId": str(number),
        "eventType": f"EVENT_TYPE_{kind}",
        "eventTime": f"2026-01-01T00:00:{number:02}.250Z",
        f"{name}EventAttributes": fields,
    }


HISTORY = History(
    workflow_id="w",
    run_id="r",
    path="Agent",
    root=True,
    events=(
        event(1, "WORKFLOW_EXECUTION_STARTED"),
        event(2, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "charge"}, activityId="1"),
        event(3, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "mail"}, activityId="2"),
        event(4, "ACTIVITY_TASK_STARTED", scheduledEventId="2", attempt=3),
        event(5, "ACTIVITY_TASK_COMPLETED", scheduledEventId="2", startedEventId="4"),
    ),
)


def test_type_id_attributes_and_time_of_an_event() -> None:
    started = HISTORY.events[3]
    assert events.kind(started) == "ACTIVITY_TASK_STARTED"
    assert events.number(started) == 4
    assert events.attributes(started) == {"scheduledEventId": "2", "attempt": 3}
    assert events.attributes({"eventId": "1"}) == {}
    assert events.at(started) - events.at(HISTORY.events[0]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0.0), ("1970-01-01T00:00:02Z", 2.0), ("1970-01-01T00:00:02.123456789Z", 2.123456789)],
)
def test_a_time_has_fractions_of_a_second(text: str, seconds: float) -> None:
    assert events.timestamp(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("duration", "seconds"), [("1.500s", 1.5), ("0s", 0.0), (None, 0.0), ("", 0.0)])
def test_a_duration_is_read_in_seconds(duration: str | None, seconds: float) -> None:
    assert events.seconds(duration) == seconds


def test_what_closes_a_run_is_its_last_event_of_such_a_type() -> None:
    assert events.close_of(HISTORY) is None
    closed = event(6, "WORKFLOW_EXECUTION_COMPLETED")
    assert events.close_of(replace(HISTORY, events=(*HISTORY.events, closed))) == closed


def test_activities_are_known_by_the_event_that_scheduled_them() -> None:
    assert [events.activity_type(each) for each in events.scheduled_activities(HISTORY).values()] == ["charge", "mail"]
    assert [events.number(each) for each in events.open_activities(HISTORY)] == [3]
    started = [(scheduled["activityId"], events.number(each)) for scheduled, each in events.started_activities(HISTORY)]
    assert started == [("1", 4)]
    assert events.number(events.by_number(HISTORY, 99)) == 0
