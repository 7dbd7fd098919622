"""Works out what workflow code decided in each workflow task, from its commands to SDK core and the history.

What SDK core does on the way from workflow code to server, measured with temporalio 1.35 and done here likewise:

- A cancel names an activity, child or timer by number; the server gets an event id or a workflow id.
- What is started and cancelled in one workflow task is never sent, and neither is the cancel of what is abandoned, or
  of what the events of the workflow task have ended: a timer that fired as the signal came that calls it off.
- A local activity becomes a marker in the workflow task in which it ended, with its type and id; timeouts, retry
  policy and, by default, arguments are not in it: these cannot be compared with the recording.
- A new patch leads to a search attribute ``TemporalChangeVersion`` as well, which is left out here.
- An update that fails after it was accepted is a completed one with a failure; a refused one is in no history.
- What is issued after the command that ends the run is sent before it, or dropped where the history is older than that
  rule (``SENDS_WHAT_FOLLOWS_THE_END``).
- Continue-as-new takes over memo and search attributes from the run where the workflow code gives none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from harness.records.evidence import History
from harness.replay.compare.normal_form import ENDS, is_added_by_sdk
from harness.replay.in_process.observer import Activation, IssuedCommand, ObservedReplay
from harness.replay.in_process.sdk_core_commands import of_sdk_core
from harness.temporal import marker
from harness.temporal.command import Command, TaskDecisions
from harness.temporal.command_events import events_of, recorded_commands
from harness.temporal.fields import fields_of
from harness.temporal.sdk_flags import SENDS_WHAT_FOLLOWS_THE_END, flags_by_task

_ABANDON = 2
_NEVER_SENT = frozenset({"RequestCancelLocalActivity", "CancelSignalWorkflow", "QueryAnswered"})
_STARTS = {"start_timer": "cancel_timer", "schedule_activity": "request_cancel_activity"}
_STARTS |= {"start_child_workflow_execution": "cancel_child_workflow_execution"}
_STARTS |= {"signal_external_workflow_execution": "cancel_signal_workflow"}
_CANCELS = {cancel: start for start, cancel in _STARTS.items()}
_BEGINS = {
    "timer_started": ("start_timer", "timer_id"),
    "activity_task_scheduled": ("schedule_activity", "activity_id"),
    "start_child_workflow_execution_initiated": ("start_child_workflow_execution", "workflow_id"),
}
_ENDED_BY = {"timer_fired": "started_event_id", "start_child_workflow_execution_failed": "initiated_event_id"}
_ENDED_BY |= {f"activity_task_{end}": "scheduled_event_id" for end in ("completed", "failed", "timed_out", "canceled")}
_ENDED_BY |= {
    f"nexus_operation_{end}": "scheduled_event_id" for end in ("completed", "failed", "timed_out", "canceled")
}
_ENDED_BY |= {
    f"child_workflow_execution_{end}": "initiated_event_id"
    for end in ("completed", "failed", "timed_out", "canceled", "terminated")
}


def decisions_of(
    observed: ObservedReplay,
    *,
    history: History | Sequence[HistoryEvent],
    recorded: Mapping[int, Sequence[Command]] | None = None,
) -> tuple[TaskDecisions, ...]:
    """Return what the workflow code decided in each workflow task that it was activated for, in order.

    Args:
        observed: What was recorded of the replay.
        history: The history that was replayed, or the whole of it where that was its first part.
        recorded: Its commands as ``recorded_commands`` returns them, where they are known.
    """
    events = events_of(history)
    return tuple(_Deciding(events, recorded_commands(events) if recorded is None else recorded).of(observed))


class _Deciding:
    """Turns the activations of one replay, in their order, into the decisions of its workflow tasks."""

    def __init__(self, events: Sequence[HistoryEvent], recorded: Mapping[int, Sequence[Command]]) -> None:
        self._events = events
        self._recorded = recorded
        started = fields_of(events[0].workflow_execution_started_event_attributes) if events else {}
        self._memo = {key: value for key, value in started.items() if key.startswith("memo.")}
        self._attributes = {key: value for key, value in started.items() if key.startswith("searchAttributes.")}
        self._begun: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._ended: dict[int, int] = {}
        for event in events:
            self._learn(event)
        self._nexus = [e.event_id for e in events if e.HasField("nexus_operation_scheduled_event_attributes")]
        self._marker_task = {
            command.fields.get("seq"): started
            for started, commands in self._recorded.items()
            for command in commands
            if _is_local_activity(command)
        }
        self._ids: dict[tuple[str, int], str] = {}
        self._abandoned: set[tuple[str, int]] = set()
        self._accepted: set[str] = set()
        self._local: dict[int, list[Command]] = defaultdict(list)

    def _learn(self, event: HistoryEvent) -> None:
        """Note by which event something began, or ended what began with another one."""
        name = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
        attributes = getattr(event, f"{name}_event_attributes", None)
        if begins := _BEGINS.get(name):
            self._begun[begins[0], getattr(attributes, begins[1])].append(event.event_id)
        if ends := _ENDED_BY.get(name):
            self._ended[getattr(attributes, ends)] = event.event_id

    def _is_over(self, begun: int, started: int) -> bool:
        """Tell whether what began with an event had ended when a workflow task was started."""
        return self._ended.get(begun, started) < started

    def of(self, observed: ObservedReplay) -> Iterator[TaskDecisions]:
        for started, activations in observed.tasks().items():
            commands = self._without_what_follows_the_end(started, list(self._commands(started, activations)))
            failed = next((each for each in activations if each.failure), None)
            yield TaskDecisions(
                started_event_id=started,
                commands=tuple(self._with_local_activities(started, commands)),
                failure=failed.failure if failed else "",
                line=failed.line if failed else "",
                flags=frozenset(("lang", number) for each in activations for number in each.flags),
            )

    def _commands(self, started: int, activations: Sequence[Activation]) -> Iterator[Command]:
        issued = list(_sent([each for activation in activations for each in activation.issued]))
        for each in issued:
            command = self._command(started, each)
            if command is not None:
                yield command

    def _without_what_follows_the_end(self, started: int, commands: list[Command]) -> list[Command]:
        end = next((at for at, each in enumerate(commands, start=1) if each.kind in ENDS), len(commands))
        if end == len(commands) or started not in self._recorded:
            return commands
        sent = SENDS_WHAT_FOLLOWS_THE_END in flags_by_task(self._events).get(started, frozenset())
        return commands if sent else commands[:end]

    def _command(self, started: int, issued: IssuedCommand) -> Command | None:
        command = replace(of_sdk_core(issued.command, line=issued.line), callers=issued.callers)
        variant = issued.command.WhichOneof("variant") or ""
        if command.kind in _NEVER_SENT:
            return None
        if variant in _STARTS:
            self._note(variant, getattr(issued.command, variant))
        if variant in _CANCELS or variant == "request_cancel_nexus_operation":
            return self._cancel(started, issued, command)
        if variant == "schedule_local_activity":
            return self._local_activity(command)
        if variant == "update_response":
            return self._update(started, command)
        if variant == "upsert_workflow_search_attributes":
            self._attributes |= command.fields
        if variant == "continue_as_new_workflow_execution":
            return replace(command, fields=self._taken_over(command))
        return command

    def _note(self, variant: str, body: Any) -> None:
        name = getattr(body, "activity_id", "") or getattr(body, "workflow_id", "")
        self._ids[variant, body.seq] = str(body.seq) if variant == "start_timer" else name
        if getattr(body, "cancellation_type", 0) == _abandon(variant):
            self._abandoned.add((variant, body.seq))

    def _cancel(self, started: int, issued: IssuedCommand, command: Command) -> Command | None:
        variant, number = _numbered(issued)
        rest = {name: value for name, value in command.fields.items() if name != "seq"}
        if variant == "request_cancel_nexus_operation":
            event = self._nexus[number - 1] if 0 < number <= len(self._nexus) else 0
            return (
                None if self._is_over(event, started) else replace(command, fields={"scheduledEventId": event, **rest})
            )
        name = self._ids.get((variant, number), "")
        begun = next((event for event in reversed(self._begun[variant, name]) if event < started), 0)
        if (variant, number) in self._abandoned or self._is_over(begun, started):
            return None
        if variant == "start_timer":
            return command
        target = {"scheduledEventId": begun} if variant == "schedule_activity" else {"workflowId": name}
        return replace(command, fields={**target, **rest})

    def _local_activity(self, command: Command) -> Command | None:
        """Keep a local activity for the workflow task in which it ended; return one that has not ended."""
        started = self._marker_task.get(command.fields.get("seq"))
        if started is None:
            return command
        self._local[started].append(command)
        return None

    def _with_local_activities(self, started: int, commands: list[Command]) -> list[Command]:
        """Put the markers of local activities where the recording has them: their order is that of their ends."""
        ours = {command.fields.get("seq"): command for command in self._local.pop(started, ())}
        markers = [each for each in self._recorded.get(started, ()) if not is_added_by_sdk(each)]
        for index, recorded in enumerate(markers):
            if not _is_local_activity(recorded) or recorded.fields.get("seq") not in ours:
                continue
            command = ours[recorded.fields.get("seq")]
            outcome = {key: value for key, value in recorded.fields.items() if not key.startswith("input.")}
            decides = {key: command.fields.get(key) for key in ("activityType", "activityId")}
            if len(outcome) < len(recorded.fields):
                decides |= {key: value for key, value in command.fields.items() if key.startswith("input.")}
            commands.insert(index, replace(command, kind="RecordMarker", fields=outcome | decides))
        return commands

    def _update(self, started: int, command: Command) -> Command | None:
        update = str(command.fields["updateId"])
        if command.kind == "UpdateAccepted":
            self._accepted.add(update)
            same = (each for each in self._recorded.get(started, ()) if each.fields.get("updateId") == update)
            name = next((each.fields["name"] for each in same if "name" in each.fields), None)
            return replace(command, fields=dict(command.fields) | ({"name": name} if name else {}))
        if command.kind == "UpdateRejected" and update in self._accepted:
            outcome = {
                f"outcome.{name}" if name != "updateId" else name: value for name, value in command.fields.items()
            }
            return replace(command, kind="UpdateCompleted", fields=outcome)
        return command

    def _taken_over(self, command: Command) -> dict[str, Any]:
        fields = dict(command.fields)
        for part, of_run in (("memo.", self._memo), ("searchAttributes.", self._attributes)):
            if not any(name.startswith(part) for name in fields):
                fields |= of_run
        return fields


def _sent(issued: Sequence[IssuedCommand]) -> Iterator[IssuedCommand]:
    """Yield what SDK core sends: not what is started and cancelled in one workflow task."""
    starts = {_numbered(each) for each in issued if each.command.WhichOneof("variant") in _STARTS}
    cancels = {_numbered(each) for each in issued if each.command.WhichOneof("variant") in _CANCELS}
    both = starts & cancels
    yield from (each for each in issued if _numbered(each) not in both)


def _numbered(issued: IssuedCommand) -> tuple[str, int]:
    variant = issued.command.WhichOneof("variant") or ""
    body: Any = getattr(issued.command, variant) if variant else None
    number = getattr(body, "seq", 0) or getattr(body, "child_workflow_seq", 0)
    return (_CANCELS.get(variant, variant), number) if number else ("", 0)


def _is_local_activity(command: Command) -> bool:
    return command.fields.get("markerName") == marker.LOCAL_ACTIVITY


def _abandon(variant: str) -> int:
    """Return SDK core's number for the cancellation type that tells nobody: for children it is the first one."""
    return 0 if variant == "start_child_workflow_execution" else _ABANDON
