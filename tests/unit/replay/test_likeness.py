"""Histories are alike if workflow code was told the same and decided the same, whatever else is written there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.histories.formats import as_record, load
from harness.records.evidence import History
from harness.replay.likeness import likeness
from tests import TESTS

RECORDED = as_record(load(TESTS / "replay" / "histories" / "Greeting-run.json"))
Events = list[dict[str, Any]]


def changed(change: Callable[[Events], object]) -> History:
    events = copy.deepcopy(list(RECORDED.events))
    change(events)
    return replace(RECORDED, events=tuple(events))


def of(events: Events, kind: str) -> dict[str, Any]:
    """Return the attributes of the first event of a type."""
    event = next(each for each in events if each["eventType"] == f"EVENT_TYPE_{kind}")
    attributes: dict[str, Any] = next(value for name, value in event.items() if name.endswith("Attributes"))
    return attributes


SAME: dict[str, Callable[[Events], object]] = {
    "time": lambda events: events[5].update(eventTime="2031-01-01T00:00:00Z", taskId="77"),
    "run id": lambda events: events[0]["workflowExecutionStartedEventAttributes"].update(originalExecutionRunId="r2"),
    "request id": lambda events: of(events, "WORKFLOW_TASK_STARTED").update(requestId="other", historySizeBytes="7"),
    "identity": lambda events: of(events, "ACTIVITY_TASK_COMPLETED").update(identity="77@other"),
    "later attempt": lambda events: of(events, "ACTIVITY_TASK_STARTED").update(attempt=3, lastFailure={"message": "x"}),
}
OTHER: dict[str, Callable[[Events], object]] = {
    "input": lambda events: of(events, "WORKFLOW_EXECUTION_STARTED").update(input={"payloads": []}),
    "result": lambda events: of(events, "ACTIVITY_TASK_COMPLETED").update(result={"payloads": []}),
    "argument": lambda events: of(events, "ACTIVITY_TASK_SCHEDULED").update(input={"payloads": []}),
    "timeout": lambda events: of(events, "ACTIVITY_TASK_SCHEDULED").update(startToCloseTimeout="7s"),
    "memo called runId": lambda events: of(events, "WORKFLOW_EXECUTION_STARTED").update(
        memo={"fields": {"runId": {"data": "eA=="}}}
    ),
    "end": lambda events: events.pop(),
}


@pytest.mark.parametrize("change", SAME)
def test_what_no_decision_can_follow_from_makes_no_other_history(change: str) -> None:
    assert likeness(changed(SAME[change])) == likeness(RECORDED)


@pytest.mark.parametrize("change", OTHER)
def test_what_code_was_told_or_decided_makes_another_history(change: str) -> None:
    assert likeness(changed(OTHER[change])) != likeness(RECORDED)


def test_the_workflow_id_counts_and_where_a_worker_ran_does_not() -> None:
    assert likeness(replace(RECORDED, workflow_id="other")) != likeness(RECORDED)
    assert likeness(replace(RECORDED, run_id="other")) == likeness(RECORDED)


def failed(identity: str, message: str) -> History:
    info = {"activityType": {"name": "book"}, "identity": identity}
    failure = {"message": "", "activityFailureInfo": info, "cause": {"message": message}}
    last = {"eventId": "23", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"}
    return replace(
        RECORDED, events=(*RECORDED.events, {**last, "workflowExecutionFailedEventAttributes": {"failure": failure}})
    )


def test_a_failure_counts_and_which_process_it_was_in_does_not() -> None:
    assert likeness(failed("1@a", "full")) == likeness(failed("2@b", "full")) != likeness(failed("1@a", "empty"))


def test_a_workflow_task_that_timed_out_before_another_makes_no_other_history() -> None:
    assert likeness(with_lost_task(RECORDED)) == likeness(RECORDED)
    assert likeness(replace(RECORDED, events=with_lost_task(RECORDED).events[:6])) != likeness(RECORDED)


def with_lost_task(history: History) -> History:
    """Return the history of a run whose first workflow task was lost, and came again on another queue."""
    first, *rest = copy.deepcopy(list(history.events))
    lost: Events = [
        {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED", "workflowTaskScheduledEventAttributes": {}},
        {
            "eventId": "3",
            "eventType": "EVENT_TYPE_WORKFLOW_TASK_STARTED",
            "workflowTaskStartedEventAttributes": {"scheduledEventId": "2"},
        },
        {
            "eventId": "4",
            "eventType": "EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT",
            "workflowTaskTimedOutEventAttributes": {"scheduledEventId": "2", "startedEventId": "3"},
        },
    ]
    for event in rest:
        event["eventId"] = str(int(event["eventId"]) + 3)
        attributes = next(value for name, value in event.items() if name.endswith("Attributes"))
        for name in [name for name in attributes if name.endswith("EventId")]:
            attributes[name] = str(int(attributes[name]) + 3)
    return replace(history, events=(first, *lost, *rest))
