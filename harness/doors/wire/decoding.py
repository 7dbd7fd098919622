"""Decoding: the records of facts that the tape keeps of messages at the wire door, made from their protobufs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyProto
from temporalio.api.enums.v1 import CommandType, TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure

from harness.foreign import parsed_json
from harness.records.facts import NO_FACTS, NoFacts
from harness.records.message_facts import (
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
    WireFacts,
    WorkflowTask,
    WorkflowTaskCompleted,
    WorkflowTaskFailed,
)
from harness.temporal.duration import seconds_of

_READING = ("Get", "List", "Describe", "Count", "Query", "Scan", "Poll", "Fetch", "Validate")
_AMBIENT = ("RecordWorkerHeartbeat", "RespondQueryTaskCompleted")

_LARGEST_SHOWN = 4096


def is_ambient(operation: str) -> bool:
    """Tell whether an RPC has no lasting effect on a workflow: reads, worker heartbeats, answers to queries."""
    return operation.startswith(_READING) or operation in _AMBIENT


def payloads(encoded: Iterable[Payload]) -> list[Any]:
    """Decode payloads where they are JSON; of others only encoding and size in bytes are kept."""
    return [_payload(payload) for payload in encoded]


def failure(reported: Failure) -> ReportedFailure:
    """Return what the tape keeps of a failure."""
    application = reported.application_failure_info
    has_delay = application.HasField("next_retry_delay")
    return ReportedFailure(
        message=reported.message[:_LARGEST_SHOWN],
        type=application.type,
        non_retryable=application.non_retryable,
        next_retry_delay=seconds_of(application.next_retry_delay) if has_delay else None,
    )


def facts_of_request(operation: str, request: Any) -> WireFacts | NoFacts:
    """Return what the tape keeps of a request."""
    decode = _REQUESTS.get(operation)
    return decode(request) if decode else NO_FACTS


def facts_of_reply(operation: str, reply: Any) -> WireFacts | NoFacts:
    """Return what the tape keeps of a reply."""
    decode = _REPLIES.get(operation)
    return decode(reply) if decode else NO_FACTS


def facts_of_eager(operation: str, task: Any) -> WireFacts | NoFacts:
    """Return what the tape keeps of a task that was handed out eagerly, and not by a poll of that operation."""
    polled = facts_of_reply(operation, task)
    return msgspec.structs.replace(polled, eager=True) if isinstance(polled, ActivityTask) else polled


def command_name(command: Any) -> str:
    """Return a command's type as Temporal's documentation writes it: ``ScheduleActivityTask``."""
    words = CommandType.Name(command.command_type).removeprefix("COMMAND_TYPE_").split("_")
    return "".join(word.capitalize() for word in words)


def _payload(payload: Payload) -> Any:
    encoding = payload.metadata.get("encoding", b"").decode(errors="replace")
    if encoding == "binary/null":
        return None
    if encoding.startswith("json/") and len(payload.data) <= _LARGEST_SHOWN:
        try:
            return parsed_json(payload.data)
        except ValueError:
            pass
    return {"encoding": encoding, "size": len(payload.data)}


def _retry_policy(policy: RetryPolicyProto) -> TaskRetryPolicy:
    return TaskRetryPolicy(
        initial=seconds_of(policy.initial_interval),
        coefficient=policy.backoff_coefficient,
        maximum=seconds_of(policy.maximum_interval),
        attempts=policy.maximum_attempts,
        non_retryable=list(policy.non_retryable_error_types),
    )


def _activity_task(task: Any) -> ActivityTask | NoFacts:
    if not task.task_token:
        return NO_FACTS
    return ActivityTask(
        attempt=task.attempt,
        activity_type=task.activity_type.name,
        input=payloads(task.input.payloads),
        heartbeat_details=payloads(task.heartbeat_details.payloads) if task.HasField("heartbeat_details") else None,
        heartbeat_timeout=seconds_of(task.heartbeat_timeout),
        start_to_close_timeout=seconds_of(task.start_to_close_timeout),
        schedule_to_close_timeout=seconds_of(task.schedule_to_close_timeout),
        retry_policy=_retry_policy(task.retry_policy),
    )


def _nexus_task(task: Any) -> NexusTask | NoFacts:
    if not task.task_token:
        return NO_FACTS
    cancels = task.request.HasField("cancel_operation")
    asked = task.request.cancel_operation if cancels else task.request.start_operation
    given = None if cancels else _payload(asked.payload)
    return NexusTask(service=asked.service, operation=asked.operation, input=given, cancels=cancels)


def _nexus_failed(request: Any) -> NexusFailed:
    """Return the failure of a Nexus task, which newer servers take as a Temporal failure, older ones as Nexus's own."""
    said = getattr(request, "failure", request.error.failure).message or request.error.failure.message
    return NexusFailed(message=said[:_LARGEST_SHOWN])


def _workflow_task(task: Any) -> WorkflowTask | NoFacts:
    if not task.task_token:
        return NO_FACTS
    return WorkflowTask(
        attempt=task.attempt,
        started_event_id=task.started_event_id,
        previous_started_event_id=task.previous_started_event_id,
        query=task.HasField("query"),
    )


def _workflow_task_completed_reply(reply: Any) -> WorkflowTask | EagerTasks | NoFacts:
    """Return the next workflow task that the reply carries, and how many activity tasks."""
    following, eager = _workflow_task(reply.workflow_task), len(reply.activity_tasks)
    if not eager:
        return following
    if isinstance(following, NoFacts):
        return EagerTasks(hands_out=eager)
    return msgspec.structs.replace(following, hands_out=eager)


def _workflow_task_failed(request: Any) -> WorkflowTaskFailed:
    return WorkflowTaskFailed(cause=WorkflowTaskFailedCause.Name(request.cause), failure=failure(request.failure))


def _task_poll(request: Any) -> TaskPoll:
    """Return the poll; a sticky queue is the worker's own, and named after the one that it was started with."""
    queue = request.task_queue
    return TaskPoll(
        task_queue=queue.normal_name or queue.name, sticky=queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY
    )


_Decode = Callable[[Any], WireFacts | NoFacts]

_REQUESTS: Mapping[str, _Decode] = {
    "RecordActivityTaskHeartbeat": lambda request: HeartbeatRequest(details=payloads(request.details.payloads)),
    "RespondActivityTaskCompleted": lambda request: ActivityCompleted(result=payloads(request.result.payloads)),
    "RespondActivityTaskFailed": lambda request: ActivityFailed(failure=failure(request.failure)),
    "RespondWorkflowTaskCompleted": lambda request: WorkflowTaskCompleted(
        commands=[command_name(command) for command in request.commands]
    ),
    "RespondWorkflowTaskFailed": _workflow_task_failed,
    "PollWorkflowTaskQueue": _task_poll,
    "PollActivityTaskQueue": _task_poll,
    "PollNexusTaskQueue": _task_poll,
    "RespondNexusTaskFailed": _nexus_failed,
}

_REPLIES: Mapping[str, _Decode] = {
    "PollActivityTaskQueue": _activity_task,
    "PollNexusTaskQueue": _nexus_task,
    "PollWorkflowTaskQueue": _workflow_task,
    "RespondWorkflowTaskCompleted": _workflow_task_completed_reply,
    "RecordActivityTaskHeartbeat": lambda reply: HeartbeatReply(cancel_requested=reply.cancel_requested),
}
