"""Runs of workflows as the doors know them, and which of them took the place of one that was reset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from harness.records.point import Point


@dataclass
class KnownRun:
    """One run of one workflow, or of an activity without one, as far as the doors have learned it.

    Attributes:
        workflow_id: Workflow id; of an activity its id.
        run_id: Run id.
        path: As in ``Point.workflow``.
        root: Whether it belongs to the chain that the scenario's work began.
        activities: Activity id to activity type and which execution of that type it is.
        operations: The same of the Nexus operations that it calls, by the id of the request that starts each.
        executions: How many executions of each activity type and child workflow type were scheduled.
        scheduled: Event id of its history to the id of the activity that the event schedules.
        seen: For each kind of message, what distinguishes the occurrences, in order.
        is_activity: Whether it is an activity that no workflow scheduled.
        first_task: Of such an activity the task that was handed out first: with the timeouts that its start declared.
    """

    workflow_id: str
    run_id: str
    path: str
    root: bool
    activities: dict[str, tuple[str, int]] = field(default_factory=dict)
    operations: dict[str, tuple[str, int]] = field(default_factory=dict)
    executions: Counter[str] = field(default_factory=Counter)
    scheduled: dict[int, str] = field(default_factory=dict)
    seen: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    is_activity: bool = False
    first_task: Any = None

    def occurrence(self, *kind: str, distinguished_by: str) -> int:
        """Return which message of its kind this is, from 1; one that says the same again is the same one."""
        values = self.seen.setdefault(kind, [])
        if distinguished_by not in values:
            values.append(distinguished_by)
        return values.index(distinguished_by) + 1

    def timed_out(self, events: Iterable[Any]) -> Iterator[str]:
        """Learn what activities events of its history schedule, and yield the ids of those that have timed out."""
        for event in events:
            if event.HasField("activity_task_scheduled_event_attributes"):
                self.scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_id
            elif event.HasField("activity_task_timed_out_event_attributes"):
                number = event.activity_task_timed_out_event_attributes.scheduled_event_id
                yield from [self.scheduled[number]] if number in self.scheduled else []


@dataclass(frozen=True)
class Task:
    """A task in the hands of a worker process: of an activity, a Nexus operation, or, without either id, a workflow.

    ``beside`` is whether another activity was scheduled side by side with one that has been given up.
    """

    run: KnownRun
    attempt: int
    activity_id: str = ""
    operation_id: str = ""
    previous_started: int = 0
    worker: int = 0
    beside: bool = False


class Resets:
    """Which runs took the place of others that were reset: they do the same work under the same names."""

    def __init__(self) -> None:
        self._begun: dict[str, KnownRun] = {}
        self._replaced: list[tuple[KnownRun, KnownRun]] = []

    def begins(self, run: KnownRun) -> None:
        """Learn that a run is about to be reset: the next one of its workflow id takes its place."""
        self._begun[run.workflow_id] = run

    def is_refused(self, run: KnownRun) -> None:
        """Learn that a run was not reset after all."""
        self._begun.pop(run.workflow_id, None)

    def began(self, run: KnownRun) -> None:
        """Learn of a new run; one in the place of another schedules its activities under the same ids."""
        reset = self._begun.pop(run.workflow_id, None)
        if reset is not None:
            self._replaced.append((reset, run))
            run.activities, run.executions = dict(reset.activities), Counter(reset.executions)
            run.seen = {kind: list(values) for kind, values in reset.seen.items()}

    def cut_off(self, workflow_id: str) -> bool:
        """Tell whether a run of that workflow id was reset, or is being so: its updates under way then are not done."""
        return workflow_id in self._begun or any(old.workflow_id == workflow_id for old, _ in self._replaced)

    def undone(self, point: Point) -> Point:
        """Return what a point would be if the run that it is of had not been reset."""
        old = next((old for old, new in self._replaced if new.path == point.workflow), None)
        return self.undone(replace(point, workflow=old.path)) if old else point
