"""Reads from a history the commands that each of its workflow tasks was answered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from harness.records.evidence import History
from harness.temporal.command import Command, canonical, named
from harness.temporal.fields import fields_of
from harness.temporal.proto_json import events_of_json

KINDS = {
    "activity_task_scheduled": "ScheduleActivityTask",
    "activity_task_cancel_requested": "RequestCancelActivityTask",
    "timer_started": "StartTimer",
    "timer_canceled": "CancelTimer",
    "marker_recorded": "RecordMarker",
    "start_child_workflow_execution_initiated": "StartChildWorkflowExecution",
    "signal_external_workflow_execution_initiated": "SignalExternalWorkflowExecution",
    "request_cancel_external_workflow_execution_initiated": "RequestCancelExternalWorkflowExecution",
    "upsert_workflow_search_attributes": "UpsertWorkflowSearchAttributes",
    "workflow_properties_modified": "ModifyWorkflowProperties",
    "nexus_operation_scheduled": "ScheduleNexusOperation",
    "nexus_operation_cancel_requested": "RequestCancelNexusOperation",
    "workflow_execution_update_accepted": "UpdateAccepted",
    "workflow_execution_update_completed": "UpdateCompleted",
    "workflow_execution_completed": "CompleteWorkflowExecution",
    "workflow_execution_failed": "FailWorkflowExecution",
    "workflow_execution_canceled": "CancelWorkflowExecution",
    "workflow_execution_continued_as_new": "ContinueAsNewWorkflowExecution",
}
"""Attributes of an event, without ending, to the kind of the command that led to it."""


_SILENT = frozenset(
    {
        "activity_task_started",
        "workflow_execution_options_updated",
        "workflow_execution_time_skipping_transitioned",
        "workflow_task_failed",
        "workflow_task_scheduled",
        "workflow_task_timed_out",
    }
)
"""Attributes of events, without ending, beside those of commands, that no workflow code hears of."""


def events_of(history: History | Sequence[HistoryEvent]) -> Sequence[HistoryEvent]:
    """Return the events of a history as protobuf messages."""
    if isinstance(history, History):
        return events_of_json(history.events)
    return history


def recorded_commands(history: History | Sequence[HistoryEvent]) -> dict[int, tuple[Command, ...]]:
    """Return the commands of each completed workflow task, by the id of its WorkflowTaskStarted event.

    A task with no command has an empty tuple; one that failed, timed out, or is open, is not there. Events of a
    completed task carry its id; those of updates do not, and belong to the task completed last: the server writes them
    with the others, before anything that came in meanwhile.
    """
    commands_of: dict[int, list[Command]] = {}
    started_of: dict[int, int] = {}
    last = 0
    for event in events_of(history):
        attributes = event.WhichOneof("attributes") or ""
        details: Any = getattr(event, attributes) if attributes else None
        if attributes == "workflow_task_completed_event_attributes":
            last = event.event_id
            started_of[last] = details.started_event_id
            commands_of[details.started_event_id] = []
        kind = KINDS.get(attributes.removesuffix("_event_attributes"))
        if kind is None:
            continue
        completed = last if kind.startswith("Update") else details.workflow_task_completed_event_id
        if completed in started_of:
            commands_of[started_of[completed]].append(of_event(event))
    return {started: tuple(commands) for started, commands in commands_of.items()}


def tasks_without_news(history: History | Sequence[HistoryEvent]) -> frozenset[int]:
    """Return the WorkflowTaskStarted events of tasks that told the workflow nothing since the one completed before.

    The server makes such a task when it was asked to change the options of a run, or for an update that was rejected. A
    replay does not ask the workflow again for them: SDK core completes them by itself.
    """
    heard, unheard = 0, set()
    last_news = last_started = 0
    for event in events_of(history):
        attributes = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
        if attributes == "workflow_task_started":
            last_started = event.event_id
            if last_news <= heard:
                unheard.add(event.event_id)
        elif attributes == "workflow_task_completed":
            heard = last_started
        elif attributes not in KINDS and attributes not in _SILENT:
            last_news = event.event_id
    return frozenset(unheard)


def of_event(event: HistoryEvent) -> Command:
    """Return the command that led to an event of one of ``KINDS``."""
    attributes = event.WhichOneof("attributes") or ""
    details: Any = getattr(event, attributes)
    kind = KINDS[attributes.removesuffix("_event_attributes")]
    if kind == "UpdateAccepted":
        fields = named({"updateId": details.protocol_instance_id}, details.accepted_request.input.name)
        return Command(kind=kind, fields=fields, event_id=event.event_id)
    if kind == "UpdateCompleted":
        outcome = fields_of(details.outcome, prefix="outcome.")
        return Command(kind=kind, fields={"updateId": details.meta.update_id} | outcome, event_id=event.event_id)
    fields = fields_of(details) | fields_of(event.user_metadata, prefix="userMetadata.")
    return Command(kind=kind, fields=canonical(kind, fields), event_id=event.event_id)
