"""The door changes a start only where a second start must attach, or where the trial needs short task timeouts."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.records.act_facts import WorkAttached
from harness.trial.live_tape import LiveTape
from harness.trial.start_request import StartRequests

USE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
TERMINATE = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
ALLOW = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE

STARTS = ["StartWorkflowExecution", "SignalWithStartWorkflowExecution"]


def request(operation: str, **fields: Any) -> Any:
    return getattr(rpc, f"{operation}Request")(workflow_id="order-1", **fields)


def starting(*, task_timeout: float = 0.0, attaches: bool = True) -> tuple[StartRequests, LiveTape]:
    tape = LiveTape()
    return StartRequests(tape=tape, task_timeout=task_timeout, attaches=attaches), tape


@pytest.mark.parametrize("operation", STARTS)
def test_a_first_start_is_as_the_program_wrote_it(operation: str) -> None:
    door, tape = starting()
    sent = request(operation)
    door.rewrite(operation, sent, 1)
    assert sent == request(operation)
    assert tape.entries == []


@pytest.mark.parametrize("operation", STARTS)
def test_a_second_start_by_the_next_process_attaches_and_the_tape_says_so(operation: str) -> None:
    door, tape = starting()
    door.rewrite(operation, request(operation), 1)
    sent = request(operation, workflow_id_reuse_policy=TERMINATE)
    door.rewrite(operation, sent, 2)
    assert sent.workflow_id_conflict_policy == USE_EXISTING
    assert sent.workflow_id_reuse_policy == ALLOW
    assert [(act.operation, act.worker, act.facts) for act in tape.entries] == [
        ("attach", 2, WorkAttached(workflow_id="order-1"))
    ]


def test_a_second_start_by_the_same_process_or_of_another_workflow_is_left_alone() -> None:
    door, tape = starting()
    door.rewrite(STARTS[0], request(STARTS[0]), 1)
    for sent, worker in ((request(STARTS[0]), 1), (rpc.StartWorkflowExecutionRequest(workflow_id="order-2"), 2)):
        door.rewrite(STARTS[0], sent, worker)
        assert not sent.workflow_id_conflict_policy
    assert tape.entries == []


def test_in_a_baseline_nothing_attaches() -> None:
    door, _ = starting(attaches=False)
    door.rewrite(STARTS[0], request(STARTS[0]), 1)
    sent = request(STARTS[0])
    door.rewrite(STARTS[0], sent, 2)
    assert not sent.workflow_id_conflict_policy


def test_the_task_timeout_is_set_only_where_none_is_declared() -> None:
    door, _ = starting(task_timeout=2.5)
    sent = request(STARTS[0])
    door.rewrite(STARTS[0], sent, 1)
    assert sent.workflow_task_timeout.ToMilliseconds() == 2500
    declared = request(STARTS[0])
    declared.workflow_task_timeout.FromSeconds(7)
    door.rewrite(STARTS[0], declared, 1)
    assert declared.workflow_task_timeout.ToSeconds() == 7


def test_no_other_request_is_touched() -> None:
    door, _ = starting(task_timeout=2.5)
    sent = rpc.SignalWorkflowExecutionRequest(signal_name="go")
    door.rewrite("SignalWorkflowExecution", sent, 2)
    assert sent == rpc.SignalWorkflowExecutionRequest(signal_name="go")
