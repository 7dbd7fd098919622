"""Histories written by hand as protobuf events, one workflow task after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

from harness.replay.compare.comparison import Comparison, compare
from harness.temporal.command import Command, TaskDecisions
from harness.temporal.fields import payload_fields


def payload(value: Any, *, text: str = "", encoding: str = "json/plain") -> Payload:
    """Return a payload of a value, or of the given text."""
    return Payload(metadata={"encoding": encoding.encode()}, data=(text or json.dumps(value)).encode())


def told(value: Any, *, text: str = "", encoding: str = "json/plain") -> dict[str, Any]:
    """Return a payload as it stands in the fields of a command."""
    return payload_fields(payload(value, text=text, encoding=encoding))


def activity(
    activity_type: str,
    activity_id: str = "1",
    *values: Any,
    line: str = "",
    more: Mapping[str, Any] = {},
    **fields: Any,
) -> Command:
    """Return a command as it may come from a worker; ``past`` has its event."""
    inputs = {f"input.{index}": told(value) for index, value in enumerate(values)}
    named = {"activityId": activity_id, "activityType": activity_type, "taskQueue": "q", "startToCloseTimeout": 30.0}
    return Command(kind="ScheduleActivityTask", fields={**named, **inputs, **fields, **more}, line=line)


@dataclass
class Past:
    """A history that grows; each method returns the id of the event it added last."""

    events: list[HistoryEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add(
            "workflow_execution_started",
            workflow_type={"name": "Agent"},
            task_queue={"name": "q"},
            workflow_task_timeout={"seconds": 10},
        )

    def add(self, kind: str, **attributes: Any) -> int:
        event_id = len(self.events) + 1
        self.events.append(HistoryEvent(event_id=event_id, **{f"{kind}_event_attributes": attributes}))  # type: ignore[arg-type]
        return event_id

    def start_task(self) -> int:
        self.add("workflow_task_scheduled")
        return self.add("workflow_task_started", scheduled_event_id=len(self.events))

    def complete_task(self, started: int) -> int:
        return self.add("workflow_task_completed", started_event_id=started)

    def task(self, *activities: Sequence[Any]) -> int:
        """Add a completed workflow task that scheduled activities: type, id, values. Return its started event id."""
        started = self.start_task()
        completed = self.complete_task(started)
        for activity_type, activity_id, *values in activities:
            self.add(
                "activity_task_scheduled",
                activity_id=activity_id,
                activity_type={"name": activity_type},
                task_queue={"name": "q"},
                input={"payloads": [payload(value) for value in values]},
                start_to_close_timeout={"seconds": 30},
                retry_policy={
                    "initial_interval": {"seconds": 1},
                    "backoff_coefficient": 2.0,
                    "maximum_interval": {"seconds": 100},
                },
                workflow_task_completed_event_id=completed,
            )
        return started


def answered(past: Past, started: int, *commands: Command, **options: Any) -> Comparison:
    return compare(past.events, [TaskDecisions(started_event_id=started, commands=commands)], **options)


def shown(found: Comparison) -> list[tuple[Any, ...]]:
    return [(one.event_id, one.subject, one.field, one.old, one.new) for one in found.differences]


def marker(name: str, **fields: Any) -> Command:
    return Command(kind="RecordMarker", fields={"markerName": name, **fields})


def patched(past: Past, patch_id: str, *, deprecated: bool = False) -> None:
    details = {"patch-data": {"payloads": [payload({"id": patch_id, "deprecated": deprecated})]}}
    past.add("marker_recorded", marker_name="core_patch", details=details, workflow_task_completed_event_id=4)
