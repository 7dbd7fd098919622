"""The facts of a line of the tape are the record of its kind: the same keys, strict types, unknown fields passed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from harness.records.act_facts import (
    ACTS,
    CallRecalled,
    ClientCall,
    DoorNotice,
    FaultHealed,
    FaultMade,
    FixedAddressTaken,
    Lag,
    MetricsScraped,
    PastDoors,
    StateChanged,
    TimeoutAccelerated,
    TimePassed,
    WorkerExited,
    WorkerOverstayed,
    WorkerReady,
    WorkerStarted,
    WorkStarted,
)
from harness.records.facts import NO_FACTS, Facts, read
from harness.records.message_facts import (
    REPLIES,
    REQUESTS,
    ActivityCompleted,
    ActivityFailed,
    ActivityTask,
    EagerTasks,
    HeartbeatReply,
    HeartbeatRequest,
    HttpCall,
    HttpReply,
    MadeUpReply,
    NexusFailed,
    NexusTask,
    NotDelivered,
    ReportedFailure,
    TaskPoll,
    TaskRetryPolicy,
    WorkflowTask,
    WorkflowTaskCompleted,
    WorkflowTaskFailed,
)

FAILURE: dict[str, Any] = {"message": "no", "type": "Budget", "non_retryable": True, "next_retry_delay": 2.5}
POLICY: dict[str, Any] = {
    "initial": 1.0,
    "coefficient": 2.0,
    "maximum": 100.0,
    "attempts": 3,
    "non_retryable": ["Budget"],
}
TASK: dict[str, Any] = {
    "attempt": 2,
    "activity_type": "book",
    "input": [{"x": 1}],
    "heartbeat_details": None,
    "heartbeat_timeout": 5.0,
    "start_to_close_timeout": 300.0,
    "schedule_to_close_timeout": 0.0,
    "retry_policy": POLICY,
}
WORKFLOW_TASK: dict[str, Any] = {
    "attempt": 1,
    "started_event_id": 7,
    "previous_started_event_id": 3,
    "query": False,
}
CALL: dict[str, Any] = {"method": "POST", "path": "/note", "headers": {"idempotency-key": "k"}, "body": {"x": 1}}
ACCELERATED: dict[str, Any] = {"what": "activity", "workflow_id": "w", "activity_id": "1", "attempt": 1}

LINES: list[tuple[str, str, str, dict[str, Any], Facts]] = [
    (
        "request",
        "wire",
        "PollActivityTaskQueue",
        {"task_queue": "q", "sticky": True},
        TaskPoll(task_queue="q", sticky=True),
    ),
    (
        "reply",
        "wire",
        "PollActivityTaskQueue",
        TASK,
        ActivityTask(**{**TASK, "retry_policy": TaskRetryPolicy(**POLICY)}),
    ),
    (
        "reply",
        "wire",
        "PollActivityTaskQueue",
        {**TASK, "eager": True},
        ActivityTask(**{**TASK, "retry_policy": TaskRetryPolicy(**POLICY), "eager": True}),
    ),
    ("reply", "wire", "PollWorkflowTaskQueue", WORKFLOW_TASK, WorkflowTask(**WORKFLOW_TASK)),
    ("reply", "wire", "RespondWorkflowTaskCompleted", WORKFLOW_TASK, WorkflowTask(**WORKFLOW_TASK)),
    (
        "reply",
        "wire",
        "RespondWorkflowTaskCompleted",
        {**WORKFLOW_TASK, "hands_out": 1},
        WorkflowTask(**WORKFLOW_TASK, hands_out=1),
    ),
    ("reply", "wire", "RespondWorkflowTaskCompleted", {"hands_out": 2}, EagerTasks(hands_out=2)),
    (
        "reply",
        "wire",
        "PollWorkflowTaskQueue",
        {"attempt": 1, "started_event_id": 0, "previous_started_event_id": 0, "query": True},
        WorkflowTask(attempt=1, started_event_id=0, query=True),
    ),
    ("request", "wire", "RecordActivityTaskHeartbeat", {"details": [3]}, HeartbeatRequest(details=[3])),
    (
        "reply",
        "wire",
        "PollNexusTaskQueue",
        {"service": "Notes", "operation": "write", "input": "moss", "cancels": False},
        NexusTask(service="Notes", operation="write", input="moss"),
    ),
    ("request", "wire", "RespondNexusTaskFailed", {"message": "no"}, NexusFailed(message="no")),
    ("reply", "wire", "RecordActivityTaskHeartbeat", {"cancel_requested": True}, HeartbeatReply(cancel_requested=True)),
    ("request", "wire", "RespondActivityTaskCompleted", {"result": ["done"]}, ActivityCompleted(result=["done"])),
    (
        "request",
        "wire",
        "RespondActivityTaskFailed",
        {"failure": FAILURE},
        ActivityFailed(failure=ReportedFailure(**FAILURE)),
    ),
    ("request", "wire", "RespondWorkflowTaskCompleted", {"commands": ["A"]}, WorkflowTaskCompleted(commands=["A"])),
    (
        "request",
        "wire",
        "RespondWorkflowTaskFailed",
        {"cause": "X", "failure": FAILURE},
        WorkflowTaskFailed(cause="X", failure=ReportedFailure(**FAILURE)),
    ),
    ("request", "effect", "note", CALL, HttpCall(**CALL)),
    ("reply", "model", "responses", {**CALL, "answer": {"ok": 1}}, HttpReply(**CALL, answer={"ok": 1})),
    (
        "reply",
        "model",
        "responses",
        {"injected": "model-429", "answer": "no", "headers": {"a": "b"}},
        MadeUpReply(injected="model-429", answer="no", headers={"a": "b"}),
    ),
    ("dropped", "model", "responses", {"injected": "x", "heard": "{"}, NotDelivered(injected="x", heard="{")),
    ("dropped", "wire", "PollActivityTaskQueue", {"injected": "reply-lost"}, NotDelivered(injected="reply-lost")),
    (
        "act",
        "",
        "start-worker",
        {"pid": 7, "command": "w", "start": "cold"},
        WorkerStarted(pid=7, command="w", start="cold"),
    ),
    ("act", "", "worker-ready", {"polls": ["q"]}, WorkerReady(polls=["q"])),
    ("act", "", "worker-exit", {"exit_status": -9, "expected": True}, WorkerExited(exit_status=-9, expected=True)),
    ("act", "", "worker-overstayed", {"limit": 40.0}, WorkerOverstayed(limit=40.0)),
    ("act", "", "strike", {"fault": "f", "point": "p"}, FaultMade(fault="f", point="p")),
    ("act", "", "hit", {"fault": "f", "point": "p"}, FaultMade(fault="f", point="p")),
    ("act", "", "heal", {"fault": "f"}, FaultHealed(fault="f")),
    (
        "act",
        "",
        "start",
        {"workflow": "A", "workflow_id": "w", "run_id": "r"},
        WorkStarted(workflow="A", workflow_id="w", run_id="r"),
    ),
    ("act", "", "recall", {"operation": "S", "workflow_id": "w"}, CallRecalled(operation="S", workflow_id="w")),
    ("act", "", "accelerate", ACCELERATED, TimeoutAccelerated(**ACCELERATED)),
    (
        "act",
        "",
        "pass",
        {"workflow_id": "w", "seconds": 60.0, "passed": 61.0},
        TimePassed(workflow_id="w", seconds=60.0, passed=61.0),
    ),
    (
        "act",
        "",
        "signal",
        {"name": "go", "args": [], "workflow_id": "w"},
        ClientCall(name="go", args=[], workflow_id="w"),
    ),
    (
        "act",
        "",
        "update",
        {"name": "go", "args": [1], "workflow_id": "w", "update_id": "go-1", "answer": None},
        ClientCall(name="go", args=[1], workflow_id="w", update_id="go-1", answer=None),
    ),
    (
        "act",
        "",
        "query",
        {"name": "go", "args": [1], "workflow_id": "w", "failure": "E: no"},
        ClientCall(name="go", args=[1], workflow_id="w", failure="E: no"),
    ),
    (
        "act",
        "",
        "state",
        {"place": "audit.db charges", "change": "added", "row": {"order": 1}},
        StateChanged(place="audit.db charges", change="added", row={"order": 1}),
    ),
    (
        "act",
        "",
        "past-doors",
        {"what": ["a file"], "seen_at": "x"},
        PastDoors(what=["a file"], seen_at="x"),
    ),
    ("act", "", "fixed-address", {"address": "localhost:7233"}, FixedAddressTaken(address="localhost:7233")),
    ("act", "", "notice", {"text": "a script raised"}, DoorNotice(text="a script raised")),
    ("act", "", "lag", {"since": 2.0, "rig": 0.5, "worker": 0.25}, Lag(since=2.0, rig=0.5, worker=0.25)),
    ("act", "", "lag", {"since": 2.0, "held": 0.5}, Lag(since=2.0, held=0.5)),
    ("act", "", "metrics", {"totals": {"calls": 2.0}}, MetricsScraped(totals={"calls": 2.0})),
]


def facts_of(kind: str, door: str, operation: str, line: dict[str, Any], *, status: str = "OK") -> Facts:
    return read(json.dumps(line).encode(), kind=kind, door=door, operation=operation, status=status)


@pytest.mark.parametrize(("kind", "door", "operation", "line", "record"), LINES)
def test_each_kind_of_line_is_its_record_and_has_its_keys(
    kind: str, door: str, operation: str, line: dict[str, Any], record: Facts
) -> None:
    assert facts_of(kind, door, operation, line) == record
    assert msgspec.to_builtins(record) == line


def test_every_record_that_is_named_is_tried_here() -> None:
    tried = {type(record) for *_, record in LINES}
    assert {*ACTS.values(), *REQUESTS.values(), *REPLIES.values()} <= tried


@pytest.mark.parametrize(("kind", "door", "operation", "line", "record"), LINES)
def test_fields_of_a_later_version_are_passed_over(
    kind: str, door: str, operation: str, line: dict[str, Any], record: Facts
) -> None:
    assert facts_of(kind, door, operation, {**line, "unheard_of": [1]}) == record


@pytest.mark.parametrize(
    ("kind", "door", "operation", "line"),
    [
        ("act", "", "worker-exit", {"exit_status": "9", "expected": True}),
        ("act", "", "strike", {"point": "p"}),
        ("reply", "wire", "PollActivityTaskQueue", {**TASK, "attempt": "2"}),
        ("request", "effect", "note", {**CALL, "headers": [1]}),
    ],
)
def test_a_wrong_type_or_a_missing_field_is_refused(kind: str, door: str, operation: str, line: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        facts_of(kind, door, operation, line)


def test_a_wire_reply_that_is_an_error_says_again_what_was_asked() -> None:
    line = {"task_queue": "q", "sticky": False}
    assert facts_of("reply", "wire", "PollActivityTaskQueue", line, status="UNAVAILABLE") == TaskPoll(task_queue="q")


@pytest.mark.parametrize(
    ("kind", "door", "operation"),
    [("reply", "wire", "PollActivityTaskQueue"), ("act", "", "strike"), ("dropped", "model", "responses")],
)
def test_a_line_without_facts_has_none(kind: str, door: str, operation: str) -> None:
    assert facts_of(kind, door, operation, {}) is NO_FACTS


def test_what_no_version_knows_is_passed_over() -> None:
    assert facts_of("act", "", "unheard-of", {"x": 1}) is NO_FACTS
    assert facts_of("request", "wire", "UnheardOf", {"x": 1}) is NO_FACTS
