"""What the server says of an activity without a workflow is told as a history, and known from one that was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.records import store as folders
from harness.records.activity_account import event_name, history_of_activity, recorded, why_no_history
from harness.records.evidence import Evidence, History
from harness.records.plan import Plan
from harness.temporal import event as events

RESULT = {"payloads": [{"data": "IngxIg=="}]}
INFO: dict[str, Any] = {
    "activityId": "book-run",
    "runId": "r1",
    "activityType": {"name": "book"},
    "taskQueue": "q",
    "startToCloseTimeout": "20s",
    "retryPolicy": {"maximumAttempts": 5},
    "scheduleTime": "2026-03-01T12:00:00Z",
    "lastStartedTime": "2026-03-01T12:00:01Z",
    "closeTime": "2026-03-01T12:00:02Z",
    "attempt": 2,
}


def account(status: str, **more: Any) -> History:
    info = {**INFO, "status": f"ACTIVITY_EXECUTION_STATUS_{status}"}
    return history_of_activity({"info": info, "input": RESULT, **more}, path="book", root=True)


def kinds(history: History) -> list[str]:
    return [events.kind(event) for event in history.events]


BEGUN = ["WORKFLOW_EXECUTION_STARTED", "ACTIVITY_TASK_SCHEDULED"]


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        ("COMPLETED", ["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED", "WORKFLOW_EXECUTION_COMPLETED"]),
        ("FAILED", ["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_FAILED", "WORKFLOW_EXECUTION_FAILED"]),
        ("TIMED_OUT", ["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_TIMED_OUT", "WORKFLOW_EXECUTION_FAILED"]),
        ("CANCELED", ["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_CANCELED", "WORKFLOW_EXECUTION_CANCELED"]),
        ("TERMINATED", ["WORKFLOW_EXECUTION_TERMINATED"]),
        ("RUNNING", []),
    ],
)
def test_an_activity_ends_as_a_workflow_would_that_does_it_alone(status: str, rest: list[str]) -> None:
    assert kinds(account(status)) == [*BEGUN, *rest]


def test_what_was_declared_and_what_came_of_it_is_in_the_account() -> None:
    history = account("COMPLETED", outcome={"result": RESULT})
    assert (history.workflow_id, history.run_id, history.path) == ("book-run", "r1", "book")
    (scheduled,) = events.scheduled_activities(history).values()
    assert (scheduled["activityId"], scheduled["startToCloseTimeout"]) == ("book-run", "20s")
    ((_, started),) = events.started_activities(history)
    assert events.attributes(started)["attempt"] == 2
    close = events.close_of(history)
    assert close is not None
    assert events.attributes(close) == {"result": RESULT}
    assert events.at(close) - events.at(history.events[0]) == 2.0
    names = ["SCHEDULED", "SCHEDULED", "STARTED", "COMPLETED", "COMPLETED"]
    assert [event_name(event) for event in history.events] == [f"ACTIVITY_EXECUTION_{name}" for name in names]


def test_an_account_is_no_history() -> None:
    told = Evidence(trial="t", scenario="s", plan=Plan(), end="closed", histories=(account("COMPLETED"),))
    assert recorded(told) == ()
    assert why_no_history(told) == "the work is an activity without a workflow, which has no history"
    kept = History(workflow_id="w", run_id="r2", path="Trip", root=False, events=({"eventId": "1", "eventType": "X"},))
    both = Evidence(trial="t", scenario="s", plan=Plan(), end="closed", histories=(account("COMPLETED"), kept))
    assert recorded(both) == (kept,)
    assert why_no_history(both) == ""
    assert event_name(kept.events[0]) == "event 1 X"


def test_what_is_kept_of_it_is_what_the_server_said(tmp_path: Path) -> None:
    history = account("FAILED", outcome={"failure": {"message": "no"}})
    folders.save_evidence(tmp_path, Evidence(trial="t", scenario="s", plan=Plan(), end="closed", histories=(history,)))
    assert folders.load_evidence(tmp_path).histories == (history,)
    assert folders.read_json(tmp_path / "activity" / "book-run.r1.json", dict) == history.described
    assert not (tmp_path / "history").exists()
