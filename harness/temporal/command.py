"""Commands of workflow tasks, as a worker sends them: one form for all that compares them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.command.v1 import Command as ApiCommand
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Rejection, Response

from harness.temporal import marker
from harness.temporal.fields import fields_of, payload_of
from harness.temporal.sdk_flags import Flags


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a workflow task, however it was had: from a worker, or from the event that it led to.

    Attributes:
        kind: As Temporal's documentation writes it: ``ScheduleActivityTask``, ``StartTimer``, ``RecordMarker``; and
            ``UpdateAccepted``, ``UpdateRejected``, ``UpdateCompleted`` for what travels as a protocol message.
        fields: Dotted name to plain value, as ``harness.temporal.fields`` tells them; times in seconds, payloads as
            protobuf JSON. Of the SDK's own markers the content is told: ``patchId`` and ``deprecated`` of a patch,
            ``activityId``, ``activityType``, ``result.0`` of a local activity.
        line: Where workflow code issued it, ``path.py:123 in run``; empty where that is not known.
        callers: The lines of workflow code that led to that line, the outermost first; empty where there are none.
        event_id: Id of the event that it led to; 0 for a command that is not recorded.
    """

    kind: str
    fields: Mapping[str, Any]
    line: str = ""
    callers: tuple[str, ...] = ()
    event_id: int = 0


@dataclass(frozen=True, kw_only=True)
class TaskDecisions:
    """The commands with which workflow code answered one workflow task, or its failure.

    Attributes:
        started_event_id: Id of its WorkflowTaskStarted event.
        commands: The commands, in order.
        failure: The message, if the worker failed the task instead.
        line: Where workflow code failed it, ``path.py:123 in run``, if known.
        given: Ids of recorded events that the worker was given instead of being asked for their commands.
        flags: The flags of its SDK by which it was decided, and that no task before named.
        queries: Query id to answer: ``{"result.0": …}`` or ``{"failure": …}``. Histories hold no queries; whoever
            asked two workers may compare these himself.
    """

    started_event_id: int
    commands: tuple[Command, ...] = ()
    failure: str = ""
    line: str = ""
    given: tuple[int, ...] = ()
    flags: Flags = frozenset()
    queries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def of_api(command: ApiCommand) -> Command:
    """Return a command as it stands in RespondWorkflowTaskCompleted.

    A ``ProtocolMessage`` command only tells where a message belongs; ``of_answer`` puts the message in its place.
    """
    attributes = command.WhichOneof("attributes")
    if attributes is None:
        return Command(kind="Unknown", fields={"commandType": command.command_type})
    fields = fields_of(getattr(command, attributes))
    fields |= fields_of(command.user_metadata, prefix="userMetadata.")
    kind = "".join(word.capitalize() for word in attributes.removesuffix("_command_attributes").split("_"))
    return Command(kind=kind, fields=canonical(kind, fields))


def of_message(message: Message) -> Command:
    """Return what a protocol message says of an update: accepted, rejected, or completed.

    Of the accepted request only its name is kept: the rest is what the workflow was asked, not what it decided.
    """
    update = {"updateId": message.protocol_instance_id}
    if message.body.Is(Acceptance.DESCRIPTOR):
        acceptance = Acceptance.FromString(message.body.value)
        return Command(kind="UpdateAccepted", fields=named(update, acceptance.accepted_request.input.name))
    if message.body.Is(Rejection.DESCRIPTOR):
        rejection = Rejection.FromString(message.body.value)
        failure = fields_of(rejection.failure, prefix="failure.")
        return Command(kind="UpdateRejected", fields=named(update, rejection.rejected_request.input.name) | failure)
    if message.body.Is(Response.DESCRIPTOR):
        response = Response.FromString(message.body.value)
        return Command(kind="UpdateCompleted", fields=update | fields_of(response.outcome, prefix="outcome."))
    return Command(kind="Unknown", fields={"message": message.body.type_url})


def of_answer(commands: Iterable[ApiCommand], *, messages: Iterable[Message]) -> tuple[Command, ...]:
    """Return the commands of an answer, each protocol message at the command that names it.

    The server handles messages that no command names after all commands. A worker that replays names messages but does
    not send them; their ids, ``<update id>/accept`` and ``<update id>/complete`` in all SDKs, tell what they are, and
    the outcome of an update is None then: unknown.
    """
    named = {message.id: message for message in messages}
    return (*_in_place(commands, named), *(of_message(message) for message in named.values()))


def named(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Return fields with the name of an update, where it is known."""
    return fields | ({"name": name} if name else {})


def canonical(kind: str, fields: dict[str, Any]) -> Mapping[str, Any]:
    """Return fields of a command or its event under the names, and without the wrapping, that both can have."""
    named_alike = {kept: value for name, value in fields.items() if (kept := _canonical_name(name))}
    if kind == "RecordMarker":
        return _marker(named_alike)
    return named_alike


@functools.lru_cache(maxsize=1024)
def _canonical_name(name: str) -> str:
    """Return the name that a field has on both sides; empty if one of them does not have it."""
    if name.startswith(_TRANSPORT):
        return ""
    for one, other in _RENAMED:
        if name.startswith(one):
            return other + name.removeprefix(one)
    return name


def _in_place(commands: Iterable[ApiCommand], messages: dict[str, Message]) -> Iterator[Command]:
    for command in commands:
        if command.HasField("protocol_message_command_attributes"):
            message_id = command.protocol_message_command_attributes.message_id
            yield of_message(messages.pop(message_id)) if message_id in messages else _unsent(message_id)
        else:
            yield of_api(command)


def _unsent(message_id: str) -> Command:
    """Return what the id of a message says of an update."""
    update_id, _, what = message_id.rpartition("/")
    kind = {"accept": "UpdateAccepted", "reject": "UpdateRejected", "complete": "UpdateCompleted"}.get(what)
    if kind is None:
        return Command(kind="Unknown", fields={"message": message_id})
    unknown = {"outcome": None} if kind == "UpdateCompleted" else {}
    return Command(kind=kind, fields={"updateId": update_id, **unknown})


def _marker(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what a marker of the SDK says; one that another SDK wrote, or a user, stays as it is."""
    name = fields.get("markerName")
    if name == marker.PATCH:
        content = _json(fields.get("details.patch-data.0"))
        if "id" in content:
            del fields["details.patch-data.0"]
            fields |= {"patchId": content["id"], "deprecated": bool(content.get("deprecated"))}
    if name == marker.LOCAL_ACTIVITY:
        content = _json(fields.get("details.data.0"))
        if "activity_type" in content:
            del fields["details.data.0"]
        kept = {"seq": "seq", "activity_id": "activityId", "activity_type": "activityType", "attempt": "attempt"}
        fields |= {ours: content[theirs] for theirs, ours in kept.items() if theirs in content}
        fields = {_unwrapped(key): value for key, value in fields.items()}
    return fields


def _unwrapped(name: str) -> str:
    return name.removeprefix("details.") if name.startswith(("details.result.", "details.input.")) else name


def _json(payload: Any) -> dict[str, Any]:
    if payload is None:
        return {}
    try:
        content = json.loads(payload_of(payload).data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


_RENAMED = (("execution.", ""), ("workflowExecution.", ""))
"""The target of a signal or a cancel stands in ``execution``, in ``workflowExecution``, or in no wrapping at all."""

_TRANSPORT = (
    "workflowTaskCompletedEventId",
    "namespaceId",
    "retryState",
    "newExecutionRunId",
    "requestEagerExecution",
    "endpointId",
    "requestId",
    "control",
    "useWorkflowBuildId",
    "inheritBuildId",
    "versioningOverride",
    "initialVersioningBehavior",
    "initiator",
    "timeSkipping",
    "identity",
    "startedEventId",
)
"""Fields that only one side has, or that tell of versioning: no decision of workflow code that an event keeps."""
