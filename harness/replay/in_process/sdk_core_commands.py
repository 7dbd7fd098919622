"""Turns commands that workflow code hands to SDK core into the form in which all commands are compared.

What SDK core adds or does later stands in ``sdk_core_decisions``, which brings these commands together with a history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from harness.temporal import marker
from harness.temporal.command import Command, canonical
from harness.temporal.fields import fields_of, payload_fields

UNRESOLVED = "seq"
"""Field of a command that names its target by SDK core's number; ``decisions_of`` puts what the server gets there."""

_KINDS = {
    "schedule_activity": "ScheduleActivityTask",
    "request_cancel_activity": "RequestCancelActivityTask",
    "set_patch_marker": "RecordMarker",
    "cancel_child_workflow_execution": "RequestCancelExternalWorkflowExecution",
    "request_cancel_nexus_operation": "RequestCancelNexusOperation",
    "respond_to_query": "QueryAnswered",
}
_RENAMED = (("arguments.", "input."), ("headers.", "header."), ("args.", "input."))
_LANGUAGE_ONLY = ("cancellationType", "doNotEagerlyExecute", "versioningIntent", "localRetryThreshold")


def of_sdk_core(command: WorkflowCommand, *, line: str = "") -> Command:
    """Return a command that workflow code issued; ``line`` is where it did.

    Kinds that only SDK core knows keep its name: ``ScheduleLocalActivity``, ``RequestCancelLocalActivity``,
    ``CancelSignalWorkflow`` (a signal that is not sent after all), ``QueryAnswered``. Options that concern the worker
    alone (cancellation type, eager execution, versioning intent, local retry threshold) are left out.
    """
    variant = command.WhichOneof("variant") or "unknown"
    body: Message = getattr(command, variant) if variant != "unknown" else command
    if variant == "update_response":
        return _update(body, line=line)
    kind = _KINDS.get(variant) or "".join(word.capitalize() for word in variant.split("_"))
    fields = {_renamed(name): value for name, value in fields_of(body).items() if not name.startswith(_LANGUAGE_ONLY)}
    fields = _SPECIAL.get(variant, _as_is)(fields)
    return Command(
        kind=kind,
        fields=canonical(kind, fields | fields_of(command.user_metadata, prefix="userMetadata.")),
        line=line,
    )


def _renamed(name: str) -> str:
    for one, other in _RENAMED:
        if name.startswith(one):
            return other + name.removeprefix(one)
    return name


def _as_is(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


def _without_seq(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != UNRESOLVED}


def _timer(fields: dict[str, Any]) -> dict[str, Any]:
    return {"timerId": str(fields["seq"]), **_without_seq(fields)}


def _one_payload(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def wrap(fields: dict[str, Any]) -> dict[str, Any]:
        return {f"{key}.0" if key == name else key: value for key, value in _without_seq(fields).items()}

    return wrap


def _patch(fields: dict[str, Any]) -> dict[str, Any]:
    deprecated = bool(fields.get("deprecated"))
    return {"markerName": marker.PATCH, "patchId": fields.get("patchId", ""), "deprecated": deprecated}


def _signal(fields: dict[str, Any]) -> dict[str, Any]:
    fields = _without_seq(fields)
    child = fields.pop("childWorkflowId", None)
    return fields | ({"workflowId": child, "childWorkflowOnly": True} if child else {})


def _cancel_child(fields: dict[str, Any]) -> dict[str, Any]:
    seq = fields.pop("childWorkflowSeq", 0)
    return {UNRESOLVED: seq, "childWorkflowOnly": True, **fields}


_SPECIAL: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "schedule_activity": _without_seq,
    "start_timer": _timer,
    "cancel_timer": _timer,
    "complete_workflow_execution": _one_payload("result"),
    "set_patch_marker": _patch,
    "start_child_workflow_execution": _without_seq,
    "cancel_child_workflow_execution": _cancel_child,
    "request_cancel_external_workflow_execution": _without_seq,
    "signal_external_workflow_execution": _signal,
    "schedule_nexus_operation": _without_seq,
}


def _update(body: Any, *, line: str) -> Command:
    update = {"updateId": body.protocol_instance_id}
    kind = body.WhichOneof("response")
    if kind == "rejected":
        return Command(kind="UpdateRejected", fields=update | fields_of(body.rejected, prefix="failure."), line=line)
    if kind == "completed":
        result = {"outcome.success.0": payload_fields(body.completed)}
        return Command(kind="UpdateCompleted", fields=update | result, line=line)
    return Command(kind="UpdateAccepted", fields=update, line=line)
