"""Reads from a history what its commands refer to and what the server's defaults depend on: its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from temporalio.api.history.v1 import HistoryEvent

from harness.temporal.duration import seconds_of
from harness.temporal.sdk_flags import Flags, flags_by_task

Reason = Literal["open", "failed", "timed out"]


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """One run of a workflow, as its started event and the events that later ones refer to tell it.

    Attributes:
        workflow_type: Its type.
        task_queue: The task queue that it was started on.
        execution_timeout: Seconds; 0 for none.
        run_timeout: Seconds; 0 for none.
        task_timeout: Timeout of its workflow tasks in seconds.
        activities: Id of each ActivityTaskScheduled event to the activity's id and type.
        operations: Id of each NexusOperationScheduled event to the operation's number, from 1, and its name.
        updates: Id of each accepted update to its name.
        unanswered: Id of each WorkflowTaskStarted event whose task was not completed, and what became of it.
        flags: Id of each WorkflowTaskStarted event whose task was completed to the flags that are in force in it.
    """

    workflow_type: str = ""
    task_queue: str = ""
    execution_timeout: float = 0.0
    run_timeout: float = 0.0
    task_timeout: float = 0.0
    activities: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    operations: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    updates: Mapping[str, str] = field(default_factory=dict)
    unanswered: Mapping[int, Reason] = field(default_factory=dict)
    flags: Mapping[int, Flags] = field(default_factory=dict)


def run_of(events: Sequence[HistoryEvent]) -> WorkflowRun:
    """Return what the events say of their run."""
    activities: dict[int, tuple[str, str]] = {}
    operations: dict[int, tuple[int, str]] = {}
    updates: dict[str, str] = {}
    unanswered: dict[int, Reason] = {}
    for event in events:
        attributes = event.WhichOneof("attributes") or ""
        if attributes not in _OF_INTEREST:
            continue
        details: Any = getattr(event, attributes)
        if attributes == "activity_task_scheduled_event_attributes":
            activities[event.event_id] = (details.activity_id, details.activity_type.name)
        elif attributes == "nexus_operation_scheduled_event_attributes":
            operations[event.event_id] = (len(operations) + 1, f"{details.service}.{details.operation}")
        elif attributes == "workflow_execution_update_accepted_event_attributes":
            updates[details.protocol_instance_id] = details.accepted_request.input.name
        elif attributes == "workflow_task_started_event_attributes":
            unanswered[event.event_id] = "open"
        elif attributes == "workflow_task_completed_event_attributes":
            unanswered.pop(details.started_event_id, None)
        elif details.started_event_id:  # a task can time out before it is started
            unanswered[details.started_event_id] = _ENDED[attributes]
    return WorkflowRun(
        **_started(events),
        activities=activities,
        operations=operations,
        updates=updates,
        unanswered=unanswered,
        flags=flags_by_task(events),
    )


def _started(events: Sequence[HistoryEvent]) -> dict[str, Any]:
    if not events:
        return {}
    details = events[0].workflow_execution_started_event_attributes
    return {
        "workflow_type": details.workflow_type.name,
        "task_queue": details.task_queue.name,
        "execution_timeout": seconds_of(details.workflow_execution_timeout),
        "run_timeout": seconds_of(details.workflow_run_timeout),
        "task_timeout": seconds_of(details.workflow_task_timeout),
    }


_ENDED: Mapping[str, Reason] = {
    "workflow_task_failed_event_attributes": "failed",
    "workflow_task_timed_out_event_attributes": "timed out",
}
_OF_INTEREST = frozenset(
    {
        "activity_task_scheduled_event_attributes",
        "nexus_operation_scheduled_event_attributes",
        "workflow_execution_update_accepted_event_attributes",
        "workflow_task_started_event_attributes",
        "workflow_task_completed_event_attributes",
        *_ENDED,
    }
)
