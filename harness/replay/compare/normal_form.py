"""Brings commands into the form in which they are compared: the server's defaults filled in, references by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.temporal import marker
from harness.temporal.command import Command
from harness.temporal.run import WorkflowRun
from harness.temporal.server_defaults import filled

SDK_SEARCH_ATTRIBUTE = "searchAttributes.TemporalChangeVersion"
"""The SDK upserts this search attribute with each patch marker, which is compared itself."""

ENDS = frozenset(
    {
        "CompleteWorkflowExecution",
        "FailWorkflowExecution",
        "CancelWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
    }
)
"""Kinds of commands that end a run."""

TYPES = ("activityType", "workflowType", "signalName", "operation", "patchId")
"""Fields that say what a command is about: one in which they differ is another command."""

UNCOMPARED_HEADERS = frozenset({"header._tracer-data"})
"""Headers of Temporal's tracing interceptors: they hold ids of spans, which are new in each replay."""


@dataclass(frozen=True, kw_only=True)
class ReplayPlace:
    """Namespace and task queue of a replay, which are no difference where a command names them.

    Attributes:
        namespace: Namespace in which the replay takes place; empty: any namespace counts as that of the recording.
        task_queue: Task queue of the replaying worker; empty: that of the recording.
        recorded_in: Namespace of the recording; empty: that of a recorded command always counts as the run's own.
    """

    namespace: str = ""
    task_queue: str = ""
    recorded_in: str = ""


def normalized(command: Command, *, run: WorkflowRun, place: ReplayPlace, local_results: bool) -> Command:
    """Return a command, recorded or decided, in the form in which both are equal if the decision was the same."""
    fields = {name: value for name, value in command.fields.items() if name not in UNCOMPARED_HEADERS}
    if command.event_id:
        _forget(fields, "namespace", place.recorded_in)
    else:
        _forget(fields, "namespace", place.namespace)
        if fields.get("taskQueue") in ("", place.task_queue):
            fields["taskQueue"] = run.task_queue
        fields = dict(filled(command.kind, fields, run=run))
    for name in [name for name in fields if _FAILED_CHILD.fullmatch(name)]:
        del fields[name]  # the SDK names the namespace that its worker takes itself to be in
    _resolve(command.kind, fields, run)
    if fields.get("markerName") == marker.PATCH:
        fields.pop("deprecated", None)  # deprecate_patch() in the place of patched() is the second step of a patch
    if not local_results and fields.get("markerName") == marker.LOCAL_ACTIVITY:
        fields = {name: value for name, value in fields.items() if not name.startswith(_LOCAL_RESULTS)}
    return replace(command, fields=fields)


def is_added_by_sdk(command: Command) -> bool:
    """Tell whether the SDK added a command by itself, as a consequence of another one."""
    return command.kind == "UpsertWorkflowSearchAttributes" and set(command.fields) == {SDK_SEARCH_ATTRIBUTE}


def without_ended_patches(recorded: Sequence[Command], decided: Sequence[Command]) -> list[Command]:
    """Leave out deprecated patches that no longer come: to remove those calls is the last step of a patch."""
    still = {one.fields.get("patchId") for one in decided}
    return [one for one in recorded if not one.fields.get("deprecated") or one.fields.get("patchId") in still]


def patch_removed(command: Command) -> str:
    """Say what to do where the marker of a patch was recorded and its call is gone; nothing for another command."""
    if command.fields.get("markerName") != marker.PATCH:
        return ""
    return (
        f"the patch was removed while runs that recorded it are replayed: call workflow.deprecate_patch("
        f'"{command.fields.get("patchId", "")}") where patched() stood, until no such run is left'
    )


def subject(command: Command, *, run: WorkflowRun) -> str:
    """Return what a command is about: ``book``, ``timer 3``, ``patch new-way``, ``Child parent-1``."""
    fields = command.fields
    if command.kind == "RequestCancelActivityTask":
        types = dict(run.activities.values())
        return types.get(str(fields.get("activityId", "")), "")
    if command.kind == "RequestCancelNexusOperation":
        return next((name for number, name in run.operations.values() if number == fields.get("number")), "")
    if command.kind == "RecordMarker":
        return str(fields.get("patchId") or fields.get("activityType") or fields.get("markerName") or "")
    if command.kind in ENDS:
        return run.workflow_type
    if command.kind in _NAMED_BY_FIELDS:
        return ", ".join(sorted(name.partition(".")[2] for name in fields if "." in name))
    return _first(fields, _SUBJECTS.get(command.kind, ()))


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(fields[name]) for name in names if fields.get(name)), "")


def _forget(fields: dict[str, Any], name: str, own: str) -> None:
    if not own or fields.get(name) == own:
        fields.pop(name, None)


def _resolve(kind: str, fields: dict[str, Any], run: WorkflowRun) -> None:
    """Replace the id of the event that a request to cancel names by what that event is about."""
    if kind == "RequestCancelActivityTask" and "scheduledEventId" in fields:
        scheduled = fields.pop("scheduledEventId")
        fields["activityId"] = run.activities.get(scheduled, (f"event {scheduled}", ""))[0]
    if kind == "RequestCancelNexusOperation" and "scheduledEventId" in fields:
        scheduled = fields.pop("scheduledEventId")
        fields["number"] = run.operations.get(scheduled, (f"event {scheduled}", ""))[0]
    if fields.get("updateId") in run.updates:
        fields["name"] = run.updates[fields["updateId"]]
    if kind == "RequestCancelExternalWorkflowExecution":
        _resolve_cancel(fields)
    if kind == "CancelTimer":  # the SDK repeats the summary of the timer
        for name in [name for name in fields if name.startswith("userMetadata.")]:
            del fields[name]
    if kind == "ContinueAsNewWorkflowExecution":  # the event has neither
        for name in [name for name in fields if name.startswith(("retryPolicy.", "cronSchedule"))]:
            del fields[name]


def _resolve_cancel(fields: dict[str, Any]) -> None:
    """Leave out what the SDK adds: the run id of a child, and words around the reason with the id of this run."""
    if fields.get("childWorkflowOnly"):
        fields.pop("runId", None)
    reason = _REASON.sub("", fields.pop("reason", ""), count=1)
    if reason:
        fields["reason"] = reason


_REASON = re.compile(r"^Cancel requested by workflow with run id \S+ with reason: ")

_FAILED_CHILD = re.compile(r"failure\.(cause\.)*namespace")

_LOCAL_RESULTS = ("result.", "failure.", "attempt")

_NAMED_BY_FIELDS = frozenset({"UpsertWorkflowSearchAttributes", "ModifyWorkflowProperties"})

_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "ScheduleActivityTask": ("activityType",),
    "StartTimer": ("timerId",),
    "CancelTimer": ("timerId",),
    "StartChildWorkflowExecution": ("workflowType",),
    "SignalExternalWorkflowExecution": ("signalName",),
    "RequestCancelExternalWorkflowExecution": ("workflowId",),
    "ScheduleNexusOperation": ("operation",),
    "UpdateAccepted": ("name", "updateId"),
    "UpdateRejected": ("name", "updateId"),
    "UpdateCompleted": ("name", "updateId"),
}
