"""What a server writes when a worker answers a workflow task: an event for each command, and what is under way then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf.json_format import MessageToJson
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, EventType, RetryState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Rejection, Response
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.place import place_of
from harness.replay.explore.world import ExploredActivity, Pending, World, begin, run_id_of, text_of
from harness.temporal.retry_policy import RETRY_COEFFICIENT, RETRY_INITIAL_SECONDS, RETRY_MAXIMUM_FACTOR

_Apply = Callable[[World, Any, int], None]

_ORDINAL_FIELDS = {"activity_id", "timer_id", "seq", "scheduled_event_id", "started_event_id", "message_id"}
"""Fields of commands that count what was decided before, or refer to it by an event's id."""


def write_answer(world: World, answer: rpc.RespondWorkflowTaskCompletedRequest, *, started: int) -> None:
    """Write what a server writes when a workflow task is answered: into the history, and into what is under way.

    Args:
        world: Its history ends with the task's WorkflowTaskStarted.
        answer: The worker's answer.
        started: Id of that event.
    """
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    completed = event.workflow_task_completed_event_attributes
    completed.scheduled_event_id = world.events[started - 1].workflow_task_started_event_attributes.scheduled_event_id
    completed.started_event_id = started
    completed.sdk_metadata.CopyFrom(answer.sdk_metadata)
    completed.metering_metadata.CopyFrom(answer.metering_metadata)
    world.asked, world.begun, world.requests, world.place = started, True, (), ""
    messages = {message.id: message for message in answer.messages}
    for command in answer.commands:
        _write_command(world, command, completed_event_id=event.event_id, messages=messages)
    for message in messages.values():
        _write_message(world, message)


def decided(command: Command) -> str:
    """Return a command as text that is the same in whatever order things were decided before."""
    attributes = getattr(command, command.WhichOneof("attributes") or "", None)
    if attributes is None:
        return CommandType.Name(command.command_type)
    plain = type(attributes)()
    plain.CopyFrom(attributes)
    for name in _ORDINAL_FIELDS & {each.name for each in plain.DESCRIPTOR.fields}:
        plain.ClearField(name)
    return f"{CommandType.Name(command.command_type)} {MessageToJson(plain, indent=None)}"


def _write_command(world: World, command: Command, *, completed_event_id: int, messages: dict[str, Message]) -> None:
    attributes = command.WhichOneof("attributes") or ""
    details = getattr(command, attributes, None)
    if attributes == "protocol_message_command_attributes":
        if message := messages.pop(command.protocol_message_command_attributes.message_id, None):
            _write_message(world, message)
        return
    world.decisions += (decided(command),)
    apply = _COMMANDS.get(attributes.removesuffix("_command_attributes"))
    if apply is None:
        world.close = "left"
        world.unexplored += (f"the command {CommandType.Name(command.command_type)}",)
        return
    apply(world, details, completed_event_id)
    if command.HasField("user_metadata"):
        world.events[-1].user_metadata.CopyFrom(command.user_metadata)


def _copied(world: World, kind: EventType.ValueType, details: Any, completed_event_id: int, **more: Any) -> Any:
    """Write an event with what it has in common with its command, and return its attributes."""
    event = world.write(kind)
    attributes = _attributes_of(event, kind)
    attributes.SetInParent()
    for descriptor, value in details.ListFields():
        own = attributes.DESCRIPTOR.fields_by_name.get(descriptor.name)
        if own is None or own.type != descriptor.type:
            continue
        if own.message_type and own.message_type.GetOptions().map_entry:
            for name in value:
                _copy_entry(getattr(attributes, own.name), name, value[name])
        elif own.message_type != descriptor.message_type:
            continue
        elif own.message_type:
            getattr(attributes, own.name).CopyFrom(value)
        else:
            setattr(attributes, own.name, value)
    if "workflow_task_completed_event_id" in attributes.DESCRIPTOR.fields_by_name:
        attributes.workflow_task_completed_event_id = completed_event_id
    for name, value in more.items():
        setattr(attributes, name, value)
    return attributes


def _copy_entry(entries: Any, name: str, value: Any) -> None:
    if hasattr(value, "CopyFrom"):
        entries[name].CopyFrom(value)
    else:
        entries[name] = value


def _attributes_of(event: HistoryEvent, kind: EventType.ValueType) -> Any:
    name = EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
    return getattr(event, f"{name}_event_attributes")


def _schedule_activity(world: World, details: Any, completed: int) -> None:
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    attributes = _copied(world, kind, details, completed)
    policy = attributes.retry_policy
    if not policy.HasField("initial_interval"):
        policy.initial_interval.FromMilliseconds(round(RETRY_INITIAL_SECONDS * 1000))
    policy.backoff_coefficient = policy.backoff_coefficient or RETRY_COEFFICIENT
    if not policy.HasField("maximum_interval"):
        longest = RETRY_MAXIMUM_FACTOR * policy.initial_interval.ToMilliseconds()
        policy.maximum_interval.FromMilliseconds(round(longest))
    if not attributes.HasField("start_to_close_timeout"):
        attributes.start_to_close_timeout.CopyFrom(attributes.schedule_to_close_timeout)
    name = attributes.activity_type.name
    subject, shown = world.named(name, attributes.input.SerializeToString(deterministic=True))
    _under_way(world, kind="activity", type=name, subject=subject, shown=shown, attributes=attributes)
    world.activities += (ExploredActivity(type=name, subject=subject, input=text_of(attributes.input)),)


def _under_way(world: World, **more: Any) -> None:
    event_id = world.events[-1].event_id
    world.pending[event_id] = Pending(event_id=event_id, at=world.clock, **more)


def _cancel_activity(world: World, details: Any, completed: int) -> None:
    _copied(world, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED, details, completed)
    _cancelled(world, details.scheduled_event_id)


def _cancelled(world: World, event_id: int) -> None:
    if event_id in world.pending:
        world.pending[event_id] = Pending(**{**vars(world.pending[event_id]), "cancelled": True})


def _start_timer(world: World, details: Any, completed: int) -> None:
    attributes = _copied(world, EventType.EVENT_TYPE_TIMER_STARTED, details, completed)
    length = details.start_to_fire_timeout
    subject, shown = world.named("timer", length.SerializeToString())
    due = world.clock + length.ToMilliseconds() / 1000
    _under_way(world, kind="timer", type=details.timer_id, subject=subject, shown=shown, attributes=attributes, due=due)


def _cancel_timer(world: World, details: Any, completed: int) -> None:
    timers = [each for each in world.pending.values() if each.kind == "timer" and each.type == details.timer_id]
    for timer in timers:
        del world.pending[timer.event_id]
        kind = EventType.EVENT_TYPE_TIMER_CANCELED
        _copied(world, kind, details, completed, started_event_id=timer.event_id)


def _start_child(world: World, details: Any, completed: int) -> None:
    kind = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    attributes = _copied(world, kind, details, completed)
    if not attributes.task_queue.name:
        attributes.task_queue.name = world.task_queue
    name = details.workflow_type.name
    subject, shown = world.named(name, details.input.SerializeToString(deterministic=True))
    _under_way(world, kind="child", type=name, subject=subject, shown=shown, attributes=attributes)


def _signal_other(world: World, details: Any, completed: int) -> None:
    kind = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    attributes = _copied(world, kind, details, completed)
    attributes.workflow_execution.CopyFrom(details.execution)
    subject, shown = world.named(f"signal {details.signal_name}", details.input.SerializeToString(deterministic=True))
    _under_way(world, kind="external", type="signal", subject=subject, shown=shown, attributes=attributes)


def _cancel_other(world: World, details: Any, completed: int) -> None:
    kind = EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    attributes = _copied(world, kind, details, completed)
    attributes.workflow_execution.workflow_id = details.workflow_id
    attributes.workflow_execution.run_id = details.run_id
    subject, shown = world.named("cancellation", details.workflow_id.encode())
    _under_way(world, kind="external", type="cancel", subject=subject, shown=shown, attributes=attributes)


def _schedule_nexus(world: World, details: Any, completed: int) -> None:
    kind = EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED
    attributes = _copied(world, kind, details, completed)
    name = f"{details.service}.{details.operation}"
    subject, shown = world.named(name, details.input.SerializeToString(deterministic=True))
    _under_way(world, kind="nexus", type=name, subject=subject, shown=shown, attributes=attributes)


def _cancel_nexus(world: World, details: Any, completed: int) -> None:
    _copied(world, EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED, details, completed)
    _cancelled(world, details.scheduled_event_id)


def _record(kind: EventType.ValueType) -> _Apply:
    def record(world: World, details: Any, completed: int) -> None:
        _copied(world, kind, details, completed)

    return record


def _complete(world: World, details: Any, completed: int) -> None:
    _copied(world, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, details, completed)
    world.close, world.result = "completed", text_of(details.result)


def _fail(world: World, details: Any, completed: int) -> None:
    state = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET
    _copied(world, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, details, completed, retry_state=state)
    failure = details.failure
    kind = failure.application_failure_info.type
    world.close, world.result = "failed", f"{kind}: {failure.message}" if kind else failure.message
    world.place = place_of(failure.stack_trace)


def _cancel(world: World, details: Any, completed: int) -> None:
    _copied(world, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, details, completed)
    world.close = "cancelled"


def _continue(world: World, details: Any, completed: int) -> None:
    """Close the run and begin the next one, which gets what is declared and has not come yet."""
    next_id = run_id_of(world.workflow_id, len(world.earlier) + 1)
    kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    _copied(world, kind, details, completed, new_execution_run_id=next_id)
    first, before = world.earlier[0] if world.earlier else world.events, world.run_id
    world.earlier += (world.events,)
    world.events, world.pending, world.updates = [], {}, {}
    world.asked, world.begun, world.run_id = 0, False, next_id
    world.workflow_type = details.workflow_type.name or world.workflow_type
    world.task_queue = details.task_queue.name or world.task_queue
    first_run_id = first[0].workflow_execution_started_event_attributes.first_execution_run_id
    timeouts = world.timeouts
    if details.HasField("workflow_run_timeout"):
        timeouts = replace(timeouts, run=details.workflow_run_timeout.ToMilliseconds() / 1000)
    begin(world, arguments=details.input, timeouts=timeouts, continued_from=before, first_run_id=first_run_id)


_COMMANDS: Mapping[str, _Apply] = {
    "schedule_activity_task": _schedule_activity,
    "request_cancel_activity_task": _cancel_activity,
    "start_timer": _start_timer,
    "cancel_timer": _cancel_timer,
    "start_child_workflow_execution": _start_child,
    "signal_external_workflow_execution": _signal_other,
    "request_cancel_external_workflow_execution": _cancel_other,
    "schedule_nexus_operation": _schedule_nexus,
    "request_cancel_nexus_operation": _cancel_nexus,
    "record_marker": _record(EventType.EVENT_TYPE_MARKER_RECORDED),
    "upsert_workflow_search_attributes": _record(EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES),
    "modify_workflow_properties": _record(EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED),
    "complete_workflow_execution": _complete,
    "fail_workflow_execution": _fail,
    "cancel_workflow_execution": _cancel,
    "continue_as_new_workflow_execution": _continue,
}
"""What the attributes of a command, without ending, make the server write."""


def _write_message(world: World, message: Message) -> None:
    """Write what an update was answered with; a rejection is in no history."""
    update_id = message.protocol_instance_id
    if message.body.Is(Acceptance.DESCRIPTOR):
        acceptance = Acceptance.FromString(message.body.value)
        event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
        accepted = event.workflow_execution_update_accepted_event_attributes
        accepted.protocol_instance_id = update_id
        accepted.accepted_request_message_id = acceptance.accepted_request_message_id
        accepted.accepted_request_sequencing_event_id = acceptance.accepted_request_sequencing_event_id
        accepted.accepted_request.CopyFrom(acceptance.accepted_request)
        world.updates[update_id] = f"accepted {event.event_id}"
    elif message.body.Is(Response.DESCRIPTOR):
        response = Response.FromString(message.body.value)
        event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
        outcome = event.workflow_execution_update_completed_event_attributes
        outcome.meta.update_id = update_id
        outcome.accepted_event_id = int(world.updates.get(update_id, "accepted 0").rpartition(" ")[2])
        outcome.outcome.CopyFrom(response.outcome)
        world.updates[update_id] = "completed"
        world.decisions += (f"update {update_id} completed {text_of(response.outcome.success)}",)
    elif message.body.Is(Rejection.DESCRIPTOR):
        world.updates[update_id] = "rejected"
        world.decisions += (f"update {update_id} rejected",)
