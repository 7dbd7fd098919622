"""What the tape keeps of messages at the wire door."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyProto
from temporalio.api.enums.v1 import CommandType, TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflowservice import v1 as rpc

from harness.doors.wire import decoding
from harness.records.facts import NO_FACTS
from harness.records.message_facts import (
    REPLIES,
    REQUESTS,
    ActivityCompleted,
    ActivityFailed,
    ActivityTask,
    EagerTasks,
    HeartbeatReply,
    HeartbeatRequest,
    NexusFailed,
    NexusTask,
    ReportedFailure,
    TaskPoll,
    TaskRetryPolicy,
    WorkflowTask,
    WorkflowTaskCompleted,
    WorkflowTaskFailed,
)
from harness.temporal.service import request_type, response_type

JSON = {"encoding": b"json/plain"}


def payloads(*texts: bytes) -> Payloads:
    return Payloads(payloads=[Payload(metadata=JSON, data=text) for text in texts])


def activity_task() -> rpc.PollActivityTaskQueueResponse:
    task = rpc.PollActivityTaskQueueResponse(task_token=b"t", attempt=2, input=payloads(b'{"x": 1}'))
    task.activity_type.name = "book"
    task.heartbeat_timeout.CopyFrom(Duration(seconds=5))
    task.start_to_close_timeout.CopyFrom(Duration(seconds=1, nanos=500_000_000))
    policy = RetryPolicyProto(backoff_coefficient=2.0, maximum_attempts=3, non_retryable_error_types=["Budget"])
    policy.initial_interval.CopyFrom(Duration(seconds=1))
    policy.maximum_interval.CopyFrom(Duration(seconds=100))
    task.retry_policy.CopyFrom(policy)
    return task


TASK = ActivityTask(
    attempt=2,
    activity_type="book",
    input=[{"x": 1}],
    heartbeat_timeout=5.0,
    start_to_close_timeout=1.5,
    retry_policy=TaskRetryPolicy(initial=1.0, coefficient=2.0, maximum=100.0, attempts=3, non_retryable=["Budget"]),
)
FAILED = Failure(message="no", application_failure_info=ApplicationFailureInfo(type="Budget", non_retryable=True))
REPORTED = ReportedFailure(message="no", type="Budget", non_retryable=True)

ASKED: list[tuple[str, Any, Any]] = [
    (
        "RecordActivityTaskHeartbeat",
        rpc.RecordActivityTaskHeartbeatRequest(details=payloads(b"1", b'"x"')),
        HeartbeatRequest(details=[1, "x"]),
    ),
    (
        "RespondActivityTaskCompleted",
        rpc.RespondActivityTaskCompletedRequest(result=payloads(b'"done"')),
        ActivityCompleted(result=["done"]),
    ),
    (
        "RespondActivityTaskFailed",
        rpc.RespondActivityTaskFailedRequest(failure=FAILED),
        ActivityFailed(failure=REPORTED),
    ),
    (
        "RespondWorkflowTaskCompleted",
        rpc.RespondWorkflowTaskCompletedRequest(
            commands=[Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)]
        ),
        WorkflowTaskCompleted(commands=["ScheduleActivityTask"]),
    ),
    (
        "RespondWorkflowTaskFailed",
        rpc.RespondWorkflowTaskFailedRequest(
            cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, failure=FAILED
        ),
        WorkflowTaskFailed(cause="WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR", failure=REPORTED),
    ),
    (
        "RespondNexusTaskFailed",
        rpc.RespondNexusTaskFailedRequest(failure=Failure(message="no such operation")),
        NexusFailed(message="no such operation"),
    ),
    ("GetSystemInfo", rpc.GetSystemInfoRequest(), NO_FACTS),
]


@pytest.mark.parametrize(("operation", "request_", "facts"), ASKED)
def test_what_a_request_says(operation: str, request_: Any, facts: Any) -> None:
    assert decoding.facts_of_request(operation, request_) == facts


@pytest.mark.parametrize("operation", ["PollActivityTaskQueue", "PollWorkflowTaskQueue", "PollNexusTaskQueue"])
def test_a_poll_names_its_queue_and_a_sticky_one_the_queue_that_it_belongs_to(operation: str) -> None:
    plain, sticky = request_type(operation)(), request_type(operation)()
    plain.task_queue.name = "q"
    sticky.task_queue.name, sticky.task_queue.normal_name = "7f3a@host", "q"
    sticky.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY
    assert decoding.facts_of_request(operation, plain) == TaskPoll(task_queue="q")
    assert decoding.facts_of_request(operation, sticky) == TaskPoll(task_queue="q", sticky=True)


def test_an_activity_task_that_is_handed_out() -> None:
    reply = activity_task()
    assert decoding.facts_of_reply("PollActivityTaskQueue", reply) == TASK
    reply.heartbeat_details.CopyFrom(payloads(b"3"))
    with_details = decoding.facts_of_reply("PollActivityTaskQueue", reply)
    assert isinstance(with_details, ActivityTask)
    assert with_details.heartbeat_details == [3]


def test_an_activity_task_that_came_with_a_workflow_task() -> None:
    eager = decoding.facts_of_eager("PollActivityTaskQueue", activity_task())
    assert isinstance(eager, ActivityTask)
    assert eager.eager is True


def test_a_nexus_task_that_is_handed_out() -> None:
    reply = rpc.PollNexusTaskQueueResponse(task_token=b"t")
    asked = reply.request.start_operation
    asked.service, asked.operation = "Notes", "write"
    asked.payload.CopyFrom(Payload(metadata=JSON, data=b'"moss"'))
    task = NexusTask(service="Notes", operation="write", input="moss")
    assert decoding.facts_of_reply("PollNexusTaskQueue", reply) == task
    reply.request.cancel_operation.service, reply.request.cancel_operation.operation = "Notes", "write"
    cancel = NexusTask(service="Notes", operation="write", cancels=True)
    assert decoding.facts_of_reply("PollNexusTaskQueue", reply) == cancel


def test_a_workflow_task_that_is_handed_out_by_a_poll_or_with_the_last_completion() -> None:
    polled = rpc.PollWorkflowTaskQueueResponse(
        task_token=b"t", attempt=1, started_event_id=7, previous_started_event_id=3
    )
    task = WorkflowTask(attempt=1, started_event_id=7, previous_started_event_id=3)
    assert decoding.facts_of_reply("PollWorkflowTaskQueue", polled) == task
    completed = rpc.RespondWorkflowTaskCompletedResponse(workflow_task=polled)
    assert decoding.facts_of_reply("RespondWorkflowTaskCompleted", completed) == task
    completed.activity_tasks.add(task_token=b"a")
    both = WorkflowTask(attempt=1, started_event_id=7, previous_started_event_id=3, hands_out=1)
    assert decoding.facts_of_reply("RespondWorkflowTaskCompleted", completed) == both
    completed.ClearField("workflow_task")
    assert decoding.facts_of_reply("RespondWorkflowTaskCompleted", completed) == EagerTasks(hands_out=1)


def test_a_heartbeat_may_be_answered_with_a_request_to_cancel() -> None:
    reply = rpc.RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    assert decoding.facts_of_reply("RecordActivityTaskHeartbeat", reply) == HeartbeatReply(cancel_requested=True)


@pytest.mark.parametrize(
    "operation",
    ["PollActivityTaskQueue", "PollWorkflowTaskQueue", "PollNexusTaskQueue", "RespondWorkflowTaskCompleted"],
)
def test_a_reply_without_a_task_says_nothing(operation: str) -> None:
    assert decoding.facts_of_reply(operation, response_type(operation)()) is NO_FACTS


def test_what_is_written_is_what_is_read() -> None:
    for operation, record in REQUESTS.items():
        assert type(decoding.facts_of_request(operation, request_type(operation)())) is record
    assert set(REPLIES) == {
        "PollActivityTaskQueue",
        "PollNexusTaskQueue",
        "PollWorkflowTaskQueue",
        "RespondWorkflowTaskCompleted",
        "RecordActivityTaskHeartbeat",
    }


def test_a_failure_asks_for_a_delay_or_for_none() -> None:
    failed = Failure(message="x" * 5000, application_failure_info=ApplicationFailureInfo(type="Budget"))
    assert decoding.failure(failed).next_retry_delay is None
    assert len(decoding.failure(failed).message) == 4096
    failed.application_failure_info.next_retry_delay.CopyFrom(Duration(seconds=2, nanos=500_000_000))
    assert decoding.failure(failed).next_retry_delay == 2.5


def test_payloads_that_are_no_json_or_large_are_kept_by_encoding_and_size() -> None:
    assert decoding.payloads(
        [
            Payload(metadata={"encoding": b"binary/null"}),
            Payload(metadata={"encoding": b"binary/encrypted"}, data=b"1234"),
            Payload(metadata=JSON, data=b"{broken"),
            Payload(metadata=JSON, data=b'"' + b"x" * 5000 + b'"'),
        ]
    ) == [
        None,
        {"encoding": "binary/encrypted", "size": 4},
        {"encoding": "json/plain", "size": 7},
        {"encoding": "json/plain", "size": 5002},
    ]


def test_reads_and_what_belongs_to_the_worker_alone_are_ambient() -> None:
    ambient = ["GetSystemInfo", "DescribeNamespace", "PollActivityTaskQueue", "RecordWorkerHeartbeat"]
    assert all(map(decoding.is_ambient, [*ambient, "RespondQueryTaskCompleted"]))
    assert not any(map(decoding.is_ambient, ["RecordActivityTaskHeartbeat", "SignalWorkflowExecution"]))
