"""What the tape keeps of a wire message: the few facts that the checks need, decoded from its protobuf bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyProto
from temporalio.api.enums.v1 import CommandType, TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure

_READING = ("Get", "List", "Describe", "Count", "Query", "Scan", "Poll", "Fetch", "Validate")
_AMBIENT = ("RecordWorkerHeartbeat", "RespondQueryTaskCompleted")

_LARGEST_SHOWN = 4096


def is_ambient(operation: str) -> bool:
    """Tell whether an RPC has no lasting effect on a workflow: reads, worker heartbeats, answers to queries."""
    return operation.startswith(_READING) or operation in _AMBIENT


def payloads(found: Iterable[Payload]) -> list[Any]:
    """Decode payloads where they are JSON; others are told by encoding and size in bytes."""
    return [_payload(payload) for payload in found]


def seconds(duration: Duration) -> float:
    """Return a protobuf duration in seconds."""
    return duration.seconds + duration.nanos / 1e9


def failure(found: Failure) -> dict[str, Any]:
    """Return message, type, ``non_retryable`` and ``next_retry_delay`` (seconds or None) of a failure."""
    told = found.application_failure_info
    has_delay = told.HasField("next_retry_delay")
    return {
        "message": found.message[:_LARGEST_SHOWN],
        "type": told.type,
        "non_retryable": told.non_retryable,
        "next_retry_delay": seconds(told.next_retry_delay) if has_delay else None,
    }


def facts_of_request(operation: str, request: Any) -> dict[str, Any]:
    """Return what the tape keeps of a request."""
    told = _REQUESTS.get(operation)
    return told(request) if told else {}


def facts_of_reply(operation: str, reply: Any) -> dict[str, Any]:
    """Return what the tape keeps of a reply."""
    told = _REPLIES.get(operation)
    return told(reply) if told else {}


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
            return json.loads(payload.data)
        except ValueError:
            pass
    return {"encoding": encoding, "size": len(payload.data)}


def _retry_policy(policy: RetryPolicyProto) -> dict[str, Any]:
    return {
        "initial": seconds(policy.initial_interval),
        "coefficient": policy.backoff_coefficient,
        "maximum": seconds(policy.maximum_interval),
        "attempts": policy.maximum_attempts,
        "non_retryable": list(policy.non_retryable_error_types),
    }


def _activity_task(task: Any) -> dict[str, Any]:
    beaten = task.HasField("heartbeat_details")
    return {
        "attempt": task.attempt,
        "activity_type": task.activity_type.name,
        "input": payloads(task.input.payloads),
        "heartbeat_details": payloads(task.heartbeat_details.payloads) if beaten else None,
        "heartbeat_timeout": seconds(task.heartbeat_timeout),
        "start_to_close_timeout": seconds(task.start_to_close_timeout),
        "schedule_to_close_timeout": seconds(task.schedule_to_close_timeout),
        "retry_policy": _retry_policy(task.retry_policy),
    }


def _workflow_task(task: Any) -> dict[str, Any]:
    return {
        "attempt": task.attempt,
        "started_event_id": task.started_event_id,
        "previous_started_event_id": task.previous_started_event_id,
        "query": task.HasField("query"),
    }


def _workflow_task_failed(request: Any) -> dict[str, Any]:
    return {"cause": WorkflowTaskFailedCause.Name(request.cause), "failure": failure(request.failure)}


def _task_queue(queue: Any) -> dict[str, Any]:
    """A sticky queue is the worker's own, and named after the one that it was told to poll."""
    return {"task_queue": queue.normal_name or queue.name, "sticky": queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY}


_Facts = Callable[[Any], dict[str, Any]]

_REQUESTS: dict[str, _Facts] = {
    "RecordActivityTaskHeartbeat": lambda request: {"details": payloads(request.details.payloads)},
    "RespondActivityTaskCompleted": lambda request: {"result": payloads(request.result.payloads)},
    "RespondActivityTaskFailed": lambda request: {"failure": failure(request.failure)},
    "RespondWorkflowTaskCompleted": lambda request: {"commands": [command_name(found) for found in request.commands]},
    "RespondWorkflowTaskFailed": _workflow_task_failed,
    "PollWorkflowTaskQueue": lambda request: _task_queue(request.task_queue),
    "PollActivityTaskQueue": lambda request: _task_queue(request.task_queue),
}

_REPLIES: dict[str, _Facts] = {
    "PollActivityTaskQueue": lambda reply: _activity_task(reply) if reply.task_token else {},
    "PollWorkflowTaskQueue": lambda reply: _workflow_task(reply) if reply.task_token else {},
    "RespondWorkflowTaskCompleted": lambda reply: {
        **(_workflow_task(reply.workflow_task) if reply.workflow_task.task_token else {}),
        **({"hands_out": len(reply.activity_tasks)} if reply.activity_tasks else {}),
    },
    "RecordActivityTaskHeartbeat": lambda reply: {"cancel_requested": reply.cancel_requested},
}
