"""What the server fills in, rule by rule; ``test_compare_recorded`` measures the same on a server."""

from __future__ import annotations

from typing import Any

import pytest

from harness.temporal.run import WorkflowRun
from harness.temporal.server_defaults import LONGEST_SECONDS, filled

FREE = WorkflowRun(workflow_type="Agent", task_queue="q", task_timeout=10.0)
BOUND = WorkflowRun(workflow_type="Agent", task_queue="q", task_timeout=8.0, run_timeout=60.0, execution_timeout=50.0)
POLICY = {
    "retryPolicy.initialInterval": 1.0,
    "retryPolicy.backoffCoefficient": 2.0,
    "retryPolicy.maximumInterval": 100.0,
}


@pytest.mark.parametrize(
    ("given", "run", "expected"),
    [
        ({"startToCloseTimeout": 30.0}, FREE, {"startToCloseTimeout": 30.0}),
        (
            {"scheduleToCloseTimeout": 30.0},
            FREE,
            {"scheduleToCloseTimeout": 30.0, "scheduleToStartTimeout": 30.0, "startToCloseTimeout": 30.0},
        ),
        (
            {"scheduleToCloseTimeout": 30.0, "scheduleToStartTimeout": 90.0, "startToCloseTimeout": 20.0},
            FREE,
            {"scheduleToCloseTimeout": 30.0, "scheduleToStartTimeout": 30.0, "startToCloseTimeout": 20.0},
        ),
        (
            {"startToCloseTimeout": 30.0, "heartbeatTimeout": 90.0},
            FREE,
            {"startToCloseTimeout": 30.0, "heartbeatTimeout": 30.0},
        ),
        (
            {"startToCloseTimeout": 90.0},
            BOUND,
            {"scheduleToCloseTimeout": 60.0, "scheduleToStartTimeout": 60.0, "startToCloseTimeout": 60.0},
        ),
    ],
)
def test_timeouts_of_activities(given: dict[str, float], run: WorkflowRun, expected: dict[str, float]) -> None:
    assert filled("ScheduleActivityTask", given, run=run) == {"taskQueue": "q", **POLICY, **expected}


def test_parts_of_a_retry_policy() -> None:
    given = {"startToCloseTimeout": 30.0, "retryPolicy.initialInterval": 3.0, "retryPolicy.maximumAttempts": 2}
    told = filled("ScheduleActivityTask", given, run=FREE)
    assert told["retryPolicy.maximumInterval"] == 300.0
    assert told["retryPolicy.backoffCoefficient"] == 2.0
    assert told["retryPolicy.maximumAttempts"] == 2


@pytest.mark.parametrize(
    ("given", "timeouts"),
    [
        ({}, {"workflowTaskTimeout": 10.0}),
        (
            {"workflowExecutionTimeout": 5.0},
            {"workflowExecutionTimeout": 5.0, "workflowRunTimeout": 5.0, "workflowTaskTimeout": 5.0},
        ),
        ({"workflowTaskTimeout": 500.0}, {"workflowTaskTimeout": 120.0}),
        ({"workflowRunTimeout": 40.0}, {"workflowRunTimeout": 40.0, "workflowTaskTimeout": 10.0}),
    ],
)
def test_child_workflows(given: dict[str, Any], timeouts: dict[str, float]) -> None:
    assert filled("StartChildWorkflowExecution", given, run=BOUND) == {
        "taskQueue": "q",
        "parentClosePolicy": "PARENT_CLOSE_POLICY_TERMINATE",
        "workflowIdReusePolicy": "WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE",
        **timeouts,
    }


def test_a_child_without_retry_policy_gets_none_and_one_with_a_part_gets_the_rest() -> None:
    told = filled("StartChildWorkflowExecution", {"retryPolicy.maximumAttempts": 3}, run=FREE)
    assert {name: told[name] for name in POLICY} == POLICY


def test_the_next_run_inherits() -> None:
    assert filled("ContinueAsNewWorkflowExecution", {}, run=BOUND) == {
        "workflowType": "Agent",
        "taskQueue": "q",
        "workflowRunTimeout": 50.0,
        "workflowTaskTimeout": 8.0,
    }


def test_operations_and_timers() -> None:
    assert filled("ScheduleNexusOperation", {}, run=BOUND) == {"scheduleToCloseTimeout": 60.0}
    assert filled("ScheduleNexusOperation", {}, run=FREE) == {}
    assert filled("StartTimer", {"startToFireTimeout": 1e12}, run=FREE) == {"startToFireTimeout": LONGEST_SECONDS}
