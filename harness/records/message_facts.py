"""Message facts: what the tape says of each kind of message at the doors, decoded from its protobuf or HTTP bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class TaskPoll(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process asks for a task: request of ``Poll…TaskQueue``.

    Attributes:
        task_queue: The task queue; for a sticky one the queue that it belongs to.
        sticky: Whether it is the worker's own, sticky queue.
    """

    task_queue: str
    sticky: bool = False


class TaskRetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The retry policy that an activity task carries, in seconds, as the server has completed it."""

    initial: float = 0.0
    coefficient: float = 0.0
    maximum: float = 0.0
    attempts: int = 0
    non_retryable: list[str] = []


class ActivityTask(msgspec.Struct, frozen=True, kw_only=True):
    """An activity task that was handed out; timeouts in seconds, 0 for none.

    Attributes:
        attempt: Attempt, from 1.
        activity_type: Activity type.
        input: The decoded arguments.
        heartbeat_details: Decoded details of the last heartbeat that the server took; None where there was none.
        heartbeat_timeout: Heartbeat timeout.
        start_to_close_timeout: Start-to-close timeout.
        schedule_to_close_timeout: Schedule-to-close timeout.
        retry_policy: The retry policy.
        eager: Set where it came with the reply to the workflow task that scheduled it, and not by a poll.
    """

    attempt: int
    activity_type: str
    input: list[Any] = []
    heartbeat_details: list[Any] | None = None
    heartbeat_timeout: float = 0.0
    start_to_close_timeout: float = 0.0
    schedule_to_close_timeout: float = 0.0
    retry_policy: TaskRetryPolicy = TaskRetryPolicy()
    eager: bool | msgspec.UnsetType = msgspec.UNSET


class NexusTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a Nexus operation that was handed out.

    Attributes:
        service: Name of the Nexus service.
        operation: Name of the operation.
        input: The decoded input of a start.
        cancels: Whether it asks to cancel the operation, and not to start it.
    """

    service: str
    operation: str
    input: Any = None
    cancels: bool = False


class NexusFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process reports that a task of a Nexus operation has failed, with the text of its failure."""

    message: str


class WorkflowTask(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow task that was handed out, by a poll or with the answer to the completion of the one before.

    Attributes:
        attempt: Attempt, from 1.
        started_event_id: Id of the event that started it.
        previous_started_event_id: Id of the event that started the one before; 0 for none.
        query: Whether it carries a query, and no workflow task in truth.
        hands_out: How many activity tasks came with it, if any.
    """

    attempt: int
    started_event_id: int
    previous_started_event_id: int = 0
    query: bool = False
    hands_out: int | msgspec.UnsetType = msgspec.UNSET


class EagerTasks(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the completion of a workflow task, with so many activity tasks and no further workflow task."""

    hands_out: int


class HeartbeatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat of an activity, with its decoded details."""

    details: list[Any]


class HeartbeatReply(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer to a heartbeat: whether the activity was asked to cancel."""

    cancel_requested: bool


class ReportedFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that a worker process reported.

    Attributes:
        message: Its message, at most 4096 characters of it.
        type: Type of the application failure; empty for a failure of another kind.
        non_retryable: Whether it rules retries out.
        next_retry_delay: Seconds that it asks to wait until the next attempt; None: it asks for nothing.
    """

    message: str = ""
    type: str = ""
    non_retryable: bool = False
    next_retry_delay: float | None = None


class ActivityCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process reports that an activity has completed, with its decoded result."""

    result: list[Any]


class ActivityFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process reports that an attempt of an activity has failed."""

    failure: ReportedFailure


class WorkflowTaskCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process completes a workflow task with commands of these types: ``ScheduleActivityTask``."""

    commands: list[str]


class WorkflowTaskFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process reports that a workflow task has failed.

    Attributes:
        cause: Name of the cause: ``WORKFLOW_TASK_FAILED_CAUSE_…``.
        failure: The failure.
    """

    cause: str
    failure: ReportedFailure


class HttpCall(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request to the model or to an effect.

    Attributes:
        method: HTTP method in capitals.
        path: Path below the door, with its query.
        headers: Headers, names in lower case; secret values are left out.
        body: Parsed JSON, else the text.
    """

    method: str = ""
    path: str = ""
    headers: dict[str, str] = {}
    body: Any = None


class HttpReply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the model or of an effect, together with the request that it answers.

    Attributes:
        method: HTTP method of the request, in capitals.
        path: Path of the request below the door, with its query.
        headers: Headers of the request, names in lower case.
        body: Body of the request: parsed JSON, else the text.
        answer: Body of the answer: parsed JSON, else the text.
    """

    method: str = ""
    path: str = ""
    headers: dict[str, str] = {}
    body: Any = None
    answer: Any = None


class MadeUpReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that a fault gave in place of the model or the effect, which never had the request.

    Attributes:
        injected: Name of the fault.
        answer: Body of the answer: parsed JSON, else the text.
        headers: Headers of the answer.
    """

    injected: str
    answer: Any = None
    headers: dict[str, str] = {}


class NotDelivered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message, or its answer, that went no further.

    Attributes:
        injected: Name of the fault that it met; empty where its sender had died.
        heard: The part of the answer's body that was delivered all the same.
    """

    injected: str = ""
    heard: str = ""


WireFacts = (
    TaskPoll
    | ActivityTask
    | NexusTask
    | NexusFailed
    | WorkflowTask
    | EagerTasks
    | HeartbeatRequest
    | HeartbeatReply
    | ActivityCompleted
    | ActivityFailed
    | WorkflowTaskCompleted
    | WorkflowTaskFailed
)
HttpFacts = HttpCall | HttpReply | MadeUpReply

REQUESTS: Mapping[str, type[WireFacts]] = {
    "PollActivityTaskQueue": TaskPoll,
    "PollNexusTaskQueue": TaskPoll,
    "PollWorkflowTaskQueue": TaskPoll,
    "RecordActivityTaskHeartbeat": HeartbeatRequest,
    "RespondActivityTaskCompleted": ActivityCompleted,
    "RespondActivityTaskFailed": ActivityFailed,
    "RespondNexusTaskFailed": NexusFailed,
    "RespondWorkflowTaskCompleted": WorkflowTaskCompleted,
    "RespondWorkflowTaskFailed": WorkflowTaskFailed,
}
"""What requests at the wire door say, by operation."""

REPLIES: Mapping[str, type[WireFacts]] = {
    "PollActivityTaskQueue": ActivityTask,
    "PollNexusTaskQueue": NexusTask,
    "PollWorkflowTaskQueue": WorkflowTask,
    "RecordActivityTaskHeartbeat": HeartbeatReply,
    "RespondWorkflowTaskCompleted": WorkflowTask,
}
"""What replies of the server say, by operation."""
