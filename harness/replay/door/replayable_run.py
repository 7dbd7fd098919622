"""A recorded run with its workflow tasks, as a server would hand them to a worker once more."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message

from harness.errors import UsageError
from harness.temporal import marker
from harness.temporal.sdk_flags import Flags, flags_by_task

_CHANGE_VERSION = "TemporalChangeVersion"
_PATCH = "patch-data"

_MADE_ANEW = marker.LOCAL_ACTIVITIES | marker.SIDE_EFFECTS

_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_CLOSED = (
    _COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


@dataclass(frozen=True, kw_only=True)
class RecordedTask:
    """One workflow task of a history that was completed, or is open at its end.

    Attributes:
        scheduled_event_id: Its WorkflowTaskScheduled.
        started_event_id: Its WorkflowTaskStarted.
        previous_started_event_id: WorkflowTaskStarted of the completed task before it; 0 for the first.
        completed_event_id: Its WorkflowTaskCompleted; 0 while it is open.
        markers: Names of the markers that its answer recorded.
        messages: The update requests that came with it.
        flags: The flags of SDKs that are in force in it; nothing while it is open.
    """

    scheduled_event_id: int
    started_event_id: int
    previous_started_event_id: int
    completed_event_id: int
    markers: frozenset[str]
    messages: tuple[Message, ...]
    flags: Flags = frozenset()

    @property
    def made_anew(self) -> frozenset[str]:
        """Markers of results that the worker would make anew if it were asked as in production: a local activity."""
        return self.markers & _MADE_ANEW


@dataclass(frozen=True, kw_only=True)
class ReplayableRun:
    """One recorded run, ready to be handed to a worker.

    Attributes:
        workflow_id: Workflow id.
        run_id: Run id: the key of the worker's cache.
        workflow_type: Workflow type.
        task_queue: Task queue of the run.
        events: All events.
        tasks: Its workflow tasks, in order, without those that failed or timed out.
    """

    workflow_id: str
    run_id: str
    workflow_type: str
    task_queue: str
    events: list[HistoryEvent]
    tasks: tuple[RecordedTask, ...]


def replayable_run(events: Iterable[HistoryEvent], *, workflow_id: str, run_id: str = "") -> ReplayableRun:
    """Read a history for being handed out.

    Args:
        events: Its events, as protobuf messages.
        workflow_id: Workflow id, which older servers do not write into the events.
        run_id: Run id; empty: that of the first event.

    Raises:
        UsageError: The events are not those of one run from its first event on.
    """
    events = _checked(list(events), workflow_id)
    started = events[0].workflow_execution_started_event_attributes
    return ReplayableRun(
        workflow_id=workflow_id,
        run_id=run_id or started.original_execution_run_id,
        workflow_type=started.workflow_type.name,
        task_queue=started.task_queue.normal_name or started.task_queue.name,
        events=events,
        tasks=tuple(_tasks(events)),
    )


def markers_of(commands: Iterable[Command]) -> frozenset[str]:
    """Return the names of the markers that commands would record."""
    wanted = CommandType.COMMAND_TYPE_RECORD_MARKER
    return frozenset(
        command.record_marker_command_attributes.marker_name for command in commands if command.command_type == wanted
    )


def with_markers_given(run: ReplayableRun, task: RecordedTask) -> tuple[list[HistoryEvent], tuple[int, ...]]:
    """Return a history in which a task is replayed and its answer is asked for one task later, and what it gives away.

    A task in which a local activity ran cannot be asked as it was: the worker would run the local activity. So the
    task is told as completed with nothing but its markers of local activities and patches, and another task follows at
    once, which changes nothing: the worker replays, takes the results from the markers, and answers the second task
    with the commands of the first. A task with no such marker is followed by an event without meaning, so that it
    counts as replayed all the same: a versioned change then takes the branch that the recording took.

    The second value holds the ids of the recorded events that are given in this way.
    """
    answer = list(_answer_of(run.events, task))
    events = list(run.events[: task.completed_event_id])
    markers = [event for event in answer if _marker(event) in marker.LOCAL_ACTIVITIES | marker.VERSIONS]
    for number, event in enumerate(markers or [_nothing(events[-1])], start=len(events) + 1):
        copy = HistoryEvent()
        copy.CopyFrom(event)
        copy.event_id = number
        if _marker(copy) == marker.PATCH:
            _match_anywhere(copy)
        events.append(copy)
    given = [*markers, *filter(_is_change_version, answer)]
    events += _another_task(run.events[task.started_event_id - 1], len(events))
    return events, tuple(sorted(event.event_id for event in given))


def without_versions(commands: Iterable[Command]) -> Iterator[Command]:
    """Leave out what a patch adds to an answer: its marker and the search attribute that lists it."""
    for command in commands:
        upserted = command.upsert_workflow_search_attributes_command_attributes.search_attributes.indexed_fields
        if not markers_of([command]) & marker.VERSIONS and set(upserted) != {_CHANGE_VERSION}:
            yield command


def _match_anywhere(patch: HistoryEvent) -> None:
    """Let a patch marker stand before the events of commands that were issued before it.

    SDK core takes a marker of a deprecated patch wherever it comes; the workflow is told that the patch is there
    all the same.
    """
    details = patch.marker_recorded_event_attributes.details
    for payload in details[_PATCH].payloads if _PATCH in details else ():
        with contextlib.suppress(ValueError, TypeError):
            payload.data = json.dumps({**json.loads(payload.data), "deprecated": True}).encode()


def _is_change_version(event: HistoryEvent) -> bool:
    upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    return set(upserted) == {_CHANGE_VERSION}


def _nothing(completed: HistoryEvent) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED, worker_may_ignore=True)
    event.event_time.CopyFrom(completed.event_time)
    event.workflow_execution_options_updated_event_attributes.SetInParent()
    return event


def _another_task(started: HistoryEvent, last_event_id: int) -> list[HistoryEvent]:
    scheduled = HistoryEvent(event_id=last_event_id + 1, event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    scheduled.event_time.CopyFrom(started.event_time)
    scheduled.workflow_task_scheduled_event_attributes.attempt = 1
    again = HistoryEvent()
    again.CopyFrom(started)
    again.event_id = last_event_id + 2
    again.workflow_task_started_event_attributes.scheduled_event_id = scheduled.event_id
    return [scheduled, again]


def _checked(events: list[HistoryEvent], workflow_id: str) -> list[HistoryEvent]:
    if not events or events[0].event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        raise UsageError(f"the history of {workflow_id} does not begin with WorkflowExecutionStarted")
    for number, event in enumerate(events, start=1):
        if event.event_id != number:
            raise UsageError(
                f"the history of {workflow_id} is not complete: expected event {number}, got {event.event_id}"
            )
    return events


def _tasks(events: Sequence[HistoryEvent]) -> Iterator[RecordedTask]:
    previous = 0
    admitted = frozenset(_admitted(events))
    flags = flags_by_task(events)
    for index, event in enumerate(events):
        if event.event_type != _STARTED:
            continue
        closed = events[index + 1] if index + 1 < len(events) else None
        if closed is not None and closed.event_type != _COMPLETED:
            # It failed or timed out; or the execution was ended, or an event came in between, while it was open.
            rest = (events[each] for each in range(index + 1, len(events)))
            closed = next((each for each in rest if each.event_type in (*_CLOSED, _STARTED)), None)
            if closed is not None and closed.event_type != _COMPLETED:
                continue
        task = _task(events, event, closed.event_id if closed else 0, previous, admitted)
        yield replace(task, flags=flags.get(event.event_id, frozenset()))
        if closed is not None:
            previous = event.event_id


def _task(
    events: Sequence[HistoryEvent], started: HistoryEvent, completed: int, previous: int, admitted: frozenset[str]
) -> RecordedTask:
    task = RecordedTask(
        scheduled_event_id=started.workflow_task_started_event_attributes.scheduled_event_id,
        started_event_id=started.event_id,
        previous_started_event_id=previous,
        completed_event_id=completed,
        markers=frozenset(),
        messages=(),
    )
    if not completed:
        return task
    answer = list(_answer_of(events, task))
    return RecordedTask(
        **{
            **vars(task),
            "markers": frozenset(filter(None, map(_marker, answer))),
            "messages": tuple(_messages(answer, admitted)),
        }
    )


def _answer_of(events: Sequence[HistoryEvent], task: RecordedTask) -> Iterator[HistoryEvent]:
    """Yield the events after a task's completion until the next task is handed out; what it was answered is in them."""
    for index in range(task.completed_event_id, len(events)):
        if events[index].event_type == _STARTED:
            return
        yield events[index]


def _marker(event: HistoryEvent) -> str:
    return event.marker_recorded_event_attributes.marker_name


def _messages(answer: Iterable[HistoryEvent], admitted: frozenset[str]) -> Iterator[Message]:
    """Rebuild the update requests that a task came with, from what the worker accepted.

    An update that a WorkflowExecutionUpdateAdmitted event holds needs no message: the worker reads the event.
    """
    for event in answer:
        if event.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            continue
        accepted = event.workflow_execution_update_accepted_event_attributes
        if accepted.protocol_instance_id in admitted:
            continue
        message = Message(
            id=accepted.accepted_request_message_id,
            protocol_instance_id=accepted.protocol_instance_id,
            event_id=accepted.accepted_request_sequencing_event_id,
        )
        message.body.Pack(accepted.accepted_request)
        yield message


def _admitted(events: Iterable[HistoryEvent]) -> Iterator[str]:
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
            yield event.workflow_execution_update_admitted_event_attributes.request.meta.update_id
