"""The events that a server writes for each move."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType, RetryState, SignalExternalWorkflowExecutionFailedCause, TimeoutType
from temporalio.api.failure.v1 import Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Input, Meta, Request

from harness.replay.explore.move import FROM_NOW_ON, TROUBLES, Move, Step
from harness.replay.explore.outcomes import SOME_FAILURE, TIMEOUTS, retry_policy
from harness.replay.explore.world import Declared, KnownOutcome, Pending, World, run_id_of, text_of

_ENDS_AFTER = 0.05  # seconds from one thing that happens to the next
_SOURCE = "explore"


def after(world: World, step: Step, *, outcomes: Mapping[str, KnownOutcome]) -> World:
    """Return the world after a step, with a workflow task that is handed out.

    Args:
        world: The world before.
        step: What happens.
        outcomes: How each thing that completes by itself ends, by its subject.
    """
    later = world.copy()
    later.path += (step,)
    spent = [move.kind for move in step if move.kind in (*TROUBLES, "twice")]
    spent += ["trouble" for move in step if move.kind in TROUBLES]
    spent += ["answer" for move in step if move.is_other_answer and move.detail != world.answered]
    spent += ["together"] * (world.begun and len(step) > 1)
    later.left = {name: count - spent.count(name) for name, count in world.left.items()}
    for move in step:
        _MOVES[move.kind](later, move, outcomes.get(move.subject))
        if later.close in ("terminated", "timed out"):
            break
        later.write_task()
    return later


def _pending(world: World, move: Move) -> Pending:
    return next(each for each in world.pending.values() if each.subject == move.subject)


def _begin(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    world.begun = True


def _end_activity(world: World, pending: Pending, kind: EventType.ValueType, *, attempt: int = 1) -> Any:
    """Write that an activity started and ended, after the pauses between its attempts; return its end's attributes."""
    del world.pending[pending.event_id]
    pauses = sum(retry_policy(pending).delays(attempt))
    due = min((each.due for each in world.pending.values()), default=math.inf)
    world.clock = max(world.clock, min(pending.at + pauses, due))
    event = world.write(EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, seconds=_ENDS_AFTER)
    started = event.activity_task_started_event_attributes
    started.scheduled_event_id, started.attempt = pending.event_id, attempt
    name = EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
    attributes = getattr(world.write(kind, seconds=_ENDS_AFTER), f"{name}_event_attributes")
    attributes.scheduled_event_id, attributes.started_event_id = pending.event_id, event.event_id
    return attributes


def _complete(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    if move.detail.endswith(FROM_NOW_ON):
        world.answered = move.detail.removesuffix(FROM_NOW_ON)
    if outcome is None or outcome.why_not:
        world.close = "left"
        world.unexplored += (outcome.why_not if outcome else f"how {pending.shown} ends",)
        return
    if pending.kind == "child":
        _complete_child(world, pending, outcome)
    elif pending.kind == "nexus":
        _complete_nexus(world, pending, outcome)
    elif outcome.failure:
        kind = EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED
        attributes = _end_activity(world, pending, kind, attempt=outcome.attempts)
        attributes.failure.CopyFrom(outcome.failure)
        attributes.retry_state = _retry_state(outcome.failure)
    else:
        kind = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
        attributes = _end_activity(world, pending, kind, attempt=outcome.attempts)
        if outcome.result is not None:
            attributes.result.CopyFrom(outcome.result)
        _executed(world, pending, text_of(attributes.result))


def _executed(world: World, pending: Pending, result: str) -> None:
    world.activities = tuple(
        replace(each, result=result) if each.subject == pending.subject else each for each in world.activities
    )


def _retry_state(failure: Failure) -> RetryState.ValueType:
    if failure.application_failure_info.non_retryable:
        return RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    return RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED


def failure_of(pending: Pending, move: Move) -> Failure:
    """Return the failure that something fails with, which is made up."""
    failure = Failure(message=f"explored: {move.words}", source=_SOURCE)
    failure.application_failure_info.type = SOME_FAILURE if move.detail == "attempts" else move.detail
    if pending.kind == "activity":
        named = move.detail in retry_policy(pending).non_retryable
        failure.application_failure_info.non_retryable = move.detail != "attempts" and not named
    return failure


def _fail(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    failure = failure_of(pending, move)
    if pending.kind == "activity":
        policy = retry_policy(pending)
        retried = move.detail == "attempts"
        kind = EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED
        attributes = _end_activity(world, pending, kind, attempt=policy.attempts if retried else 1)
        attributes.failure.CopyFrom(failure)
        reached = RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
        attributes.retry_state = reached if retried else RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE
    elif pending.kind == "child":
        attributes = _end_child(world, pending, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED)
        attributes.failure.CopyFrom(outcome.failure if outcome and outcome.failure else failure)
        attributes.retry_state = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET
    elif pending.kind == "external":
        _fail_external(world, pending)
    else:
        _fail_nexus(world, pending, failure, EventType.EVENT_TYPE_NEXUS_OPERATION_FAILED)


def _time_out(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    if not move.subject:
        _expire(world, move, outcome)
        return
    pending = _pending(world, move)
    failure = Failure(message=f"activity {move.detail} timeout", source="Server")
    if move.detail:
        name = f"TIMEOUT_TYPE_{move.detail.upper().replace('-', '_')}"
        failure.timeout_failure_info.timeout_type = TimeoutType.Value(name)
    if pending.kind == "nexus":
        _fail_nexus(world, pending, failure, EventType.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT)
        return
    if pending.kind == "child":
        attributes = _end_child(world, pending, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT)
        attributes.retry_state = RetryState.RETRY_STATE_TIMEOUT
        return
    seconds = getattr(pending.attributes, TIMEOUTS[move.detail]).ToMilliseconds() / 1000
    attempts = retry_policy(pending).attempts or 1
    times = attempts if move.detail in ("start-to-close", "heartbeat") else 1
    world.clock = max(world.clock, pending.at + seconds * times)
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
    if move.detail == "schedule-to-start":  # nobody has started it
        del world.pending[pending.event_id]
        attributes = world.write(kind).activity_task_timed_out_event_attributes
        attributes.scheduled_event_id = pending.event_id
    else:
        attributes = _end_activity(world, pending, kind, attempt=times)
    attributes.failure.CopyFrom(failure)
    reached = RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
    attributes.retry_state = reached if times > 1 else RetryState.RETRY_STATE_TIMEOUT


def _report_cancelled(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    if pending.kind == "activity":
        attributes = _end_activity(world, pending, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
        attributes.latest_cancel_requested_event_id = next(
            event.event_id
            for event in world.events
            if event.activity_task_cancel_requested_event_attributes.scheduled_event_id == pending.event_id
        )
    elif pending.kind == "child":
        _end_child(world, pending, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED)
    else:
        failure = Failure(message="operation canceled")
        failure.canceled_failure_info.SetInParent()
        _fail_nexus(world, pending, failure, EventType.EVENT_TYPE_NEXUS_OPERATION_CANCELED)


def _fire(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    del world.pending[pending.event_id]
    world.clock = max(world.clock, pending.due)
    attributes = world.write(EventType.EVENT_TYPE_TIMER_FIRED).timer_fired_event_attributes
    attributes.timer_id, attributes.started_event_id = pending.type, pending.event_id


def _take_declared(world: World, move: Move, kind: str) -> Declared:
    for index, group in enumerate(world.sends):
        if group and (group[0].kind, group[0].name) == (kind, move.subject):
            rest = [*world.sends[:index], group[1:], *world.sends[index + 1 :]]
            world.sends = tuple(filter(None, rest))
            return group[0]
    raise LookupError(move.name)


def _signal(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    _write_signal(world, move.subject, _take_declared(world, move, "signal").input)


def _signal_twice(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    before = next(each for each in reversed(world.events) if each.event_type == kind)
    _write_signal(world, move.subject, before.workflow_execution_signaled_event_attributes.input.SerializeToString())


def _write_signal(world: World, name: str, arguments: bytes) -> None:
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, seconds=_ENDS_AFTER)
    attributes = event.workflow_execution_signaled_event_attributes
    attributes.signal_name, attributes.identity = name, _SOURCE
    if arguments:
        attributes.input.ParseFromString(arguments)


def _update(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    declared = _take_declared(world, move, "update")
    update_id = f"{declared.name}-{len(world.updates) + 1}"
    request = Request(
        meta=Meta(update_id=update_id, identity=_SOURCE),
        input=Input(name=declared.name, args=Payloads.FromString(declared.input)),
    )
    message = Message(id=f"{update_id}/request", protocol_instance_id=update_id)
    message.body.Pack(request)
    world.updates[update_id] = "sent"
    world.requests += (message,)


def _cancel(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED, seconds=_ENDS_AFTER)
    event.workflow_execution_cancel_requested_event_attributes.identity = _SOURCE
    world.cancel_heard = True


def _terminate(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, seconds=_ENDS_AFTER)
    event.workflow_execution_terminated_event_attributes.identity = _SOURCE
    world.close = "terminated"


def _expire(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    """Write that a timeout of the whole workflow elapses, which closes it without asking it."""
    world.clock = max(world.clock, world.deadline)
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
    event.workflow_execution_timed_out_event_attributes.retry_state = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET
    world.close = "timed out"


def _start_child(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    event = world.write(EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, seconds=_ENDS_AFTER)
    attributes = event.child_workflow_execution_started_event_attributes
    attributes.initiated_event_id = pending.event_id
    _name_child(attributes, pending)
    world.pending[pending.event_id] = replace(pending, started=event.event_id)
    for end in world.ends.get(pending.known_by, ())[:1]:
        world.unexplored += tuple(each for each in end.unexplored if each not in world.unexplored)


def _name_child(attributes: Any, pending: Pending) -> None:
    attributes.workflow_execution.workflow_id = pending.attributes.workflow_id
    attributes.workflow_execution.run_id = run_id_of(pending.attributes.workflow_id, 0)
    attributes.workflow_type.CopyFrom(pending.attributes.workflow_type)


def _end_child(world: World, pending: Pending, kind: EventType.ValueType) -> Any:
    del world.pending[pending.event_id]
    name = EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
    attributes = getattr(world.write(kind, seconds=_ENDS_AFTER), f"{name}_event_attributes")
    attributes.initiated_event_id, attributes.started_event_id = pending.event_id, pending.started
    _name_child(attributes, pending)
    return attributes


def _complete_child(world: World, pending: Pending, outcome: KnownOutcome) -> None:
    if outcome.failure:
        attributes = _end_child(world, pending, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED)
        attributes.failure.CopyFrom(outcome.failure)
        attributes.retry_state = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET
        return
    attributes = _end_child(world, pending, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
    if outcome.result is not None:
        attributes.result.CopyFrom(outcome.result)


def _deliver(world: World, move: Move, outcome: KnownOutcome | None) -> None:
    pending = _pending(world, move)
    del world.pending[pending.event_id]
    if pending.type == "signal":
        event = world.write(EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED, seconds=_ENDS_AFTER)
        signaled = event.external_workflow_execution_signaled_event_attributes
        signaled.initiated_event_id = pending.event_id
        signaled.workflow_execution.CopyFrom(pending.attributes.workflow_execution)
        _send_out(world, pending)
        return
    event = world.write(EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED, seconds=_ENDS_AFTER)
    attributes = event.external_workflow_execution_cancel_requested_event_attributes
    attributes.initiated_event_id = pending.event_id
    attributes.workflow_execution.CopyFrom(pending.attributes.workflow_execution)
    for each in list(world.pending.values()):
        if each.kind == "child" and each.attributes.workflow_id == attributes.workflow_execution.workflow_id:
            world.pending[each.event_id] = replace(each, cancelled=True)


def _send_out(world: World, pending: Pending) -> None:
    """Keep what a signal to another workflow says: a child that is under way hears it."""
    attributes = pending.attributes
    arguments = attributes.input.SerializeToString() if attributes.HasField("input") else b""
    declared = Declared(kind="signal", name=attributes.signal_name, input=arguments)
    receiver = attributes.workflow_execution.workflow_id
    world.sent_out += ((receiver, declared),)
    for each in list(world.pending.values()):
        if each.kind == "child" and each.attributes.workflow_id == receiver:
            world.pending[each.event_id] = replace(each, heard=(*each.heard, declared))


def _fail_external(world: World, pending: Pending) -> None:
    del world.pending[pending.event_id]
    kind = (
        EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
        if pending.type == "signal"
        else EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
    )
    name = EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
    attributes = getattr(world.write(kind, seconds=_ENDS_AFTER), f"{name}_event_attributes")
    attributes.initiated_event_id = pending.event_id
    attributes.workflow_execution.CopyFrom(pending.attributes.workflow_execution)
    # The first cause of both kinds is that there is no such workflow.
    attributes.cause = SignalExternalWorkflowExecutionFailedCause.Value(
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"
    )


def _complete_nexus(world: World, pending: Pending, outcome: KnownOutcome) -> None:
    if outcome.failure:
        _fail_nexus(world, pending, outcome.failure, EventType.EVENT_TYPE_NEXUS_OPERATION_FAILED)
        return
    del world.pending[pending.event_id]
    event = world.write(EventType.EVENT_TYPE_NEXUS_OPERATION_COMPLETED, seconds=_ENDS_AFTER)
    attributes = event.nexus_operation_completed_event_attributes
    attributes.scheduled_event_id = pending.event_id
    for payload in outcome.result.payloads if outcome.result is not None else ():
        attributes.result.CopyFrom(payload)


def _fail_nexus(world: World, pending: Pending, cause: Failure, kind: EventType.ValueType) -> None:
    del world.pending[pending.event_id]
    name = EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
    attributes = getattr(world.write(kind, seconds=_ENDS_AFTER), f"{name}_event_attributes")
    attributes.scheduled_event_id = pending.event_id
    failure = Failure(message="nexus operation completed unsuccessfully", cause=cause)
    info = failure.nexus_operation_execution_failure_info
    info.scheduled_event_id = pending.event_id
    info.endpoint, info.service = pending.attributes.endpoint, pending.attributes.service
    info.operation = pending.attributes.operation
    attributes.failure.CopyFrom(failure)


_MOVES: Mapping[str, Callable[[World, Move, KnownOutcome | None], None]] = {
    "begin": _begin,
    "complete": _complete,
    "fail": _fail,
    "timeout": _time_out,
    "cancelled": _report_cancelled,
    "start": _start_child,
    "deliver": _deliver,
    "fire": _fire,
    "signal": _signal,
    "twice": _signal_twice,
    "update": _update,
    "cancel": _cancel,
    "terminate": _terminate,
    "expire": _expire,
}
"""What each kind of move writes."""
