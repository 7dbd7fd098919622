"""One recorded run of a workflow, as the rules on histories read it: its activities, what was declared, what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.records.evidence import History
from harness.temporal.activity_options import ActivityOptions, options_of
from harness.temporal.event import ACTIVITY_ENDS, at, attributes, close_of, kind, number, seconds
from harness.temporal.payload import size_of

Event = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution of an activity, over all its attempts.

    Attributes:
        event: Id of the event that scheduled it.
        activity: Activity type.
        decided: Id of the event of the workflow task that decided it.
        options: What was declared for it.
        size: Bytes of its arguments.
        attempts: Attempts that are known to have begun; 0 where it was not started, or is still open.
        failure: The failure before the last attempt; of one that failed for good, the last one. Empty for none.
        final: Whether that failure ended it.
        end: Type of the event that ended it, without prefix; empty while it is open.
        seconds: How long the last attempt took; 0 if that is not known.
    """

    event: int
    activity: str
    decided: int
    options: ActivityOptions
    size: int
    attempts: int = 0
    failure: dict[str, Any]
    final: bool = False
    end: str = ""
    seconds: float = 0.0

    @property
    def timed_out(self) -> str:
        """Return which timeout the failure was, without prefix; empty if it was none."""
        timeout = self.failure.get("timeoutFailureInfo") or {}
        return str(timeout.get("timeoutType", "")).removeprefix("TIMEOUT_TYPE_")


@dataclass(frozen=True)
class RecordedRun:
    """One run of a workflow as its history recorded it, with what the rules on histories ask of it."""

    history: History

    @cached_property
    def workflow(self) -> str:
        """Return the workflow type."""
        return str((attributes(self.history.events[0]).get("workflowType") or {}).get("name", ""))

    @cached_property
    def close(self) -> Event | None:
        """Return the event that closed it; None while it is open."""
        return close_of(self.history)

    @property
    def closed_as(self) -> str:
        """Return how it closed (``COMPLETED``); empty while it is open."""
        return kind(self.close).removeprefix("WORKFLOW_EXECUTION_") if self.close else ""

    @property
    def terminated_because(self) -> str:
        """Return the reason with which it was terminated; empty if it was not, or without one."""
        return str(attributes(self.close).get("reason", "")) if self.close and self.closed_as == "TERMINATED" else ""

    @property
    def terminated_by_server(self) -> bool:
        """Whether the server terminated it by itself, rather than for a client."""
        closed = attributes(self.close) if self.close and self.closed_as == "TERMINATED" else {}
        return str(closed.get("identity", "")) == "history-service"

    @property
    def bounded(self) -> bool:
        """Whether a timeout of the workflow ends whatever it waits for."""
        started = attributes(self.history.events[0])
        return any(seconds(started.get(f"workflow{which}Timeout")) for which in ("Execution", "Run"))

    @cached_property
    def bytes(self) -> int:
        """Return the size of the history as the server told it last; 0 if it did not."""
        started = self.history.of_type("WORKFLOW_TASK_STARTED")
        return max((int(attributes(event).get("historySizeBytes") or 0) for event in started), default=0)

    @cached_property
    def executions(self) -> tuple[Execution, ...]:
        """Return the activities, in the order in which they were scheduled."""
        started = _by_scheduled(self.history.of_type("ACTIVITY_TASK_STARTED"))
        ended = _by_scheduled(self.history.of_type(*ACTIVITY_ENDS))
        return tuple(
            _execution(event, started.get(number(event)), ended.get(number(event)))
            for event in self.history.of_type("ACTIVITY_TASK_SCHEDULED")
        )


def _by_scheduled(events: Iterator[Event]) -> dict[int, Event]:
    return {int(attributes(event).get("scheduledEventId") or 0): event for event in events}


def _execution(scheduled: Event, started: Event | None, ended: Event | None) -> Execution:
    fields = attributes(scheduled)
    began = attributes(started) if started else {}
    end = attributes(ended) if ended else {}
    final = end.get("failure") or {}
    return Execution(
        event=number(scheduled),
        activity=str((fields.get("activityType") or {}).get("name", "")),
        decided=int(fields.get("workflowTaskCompletedEventId") or 0),
        options=options_of(fields),
        size=size_of(fields.get("input")),
        attempts=int(began.get("attempt") or 1) if started else 0,
        failure=final or began.get("lastFailure") or {},
        final=bool(final),
        end=kind(ended) if ended else "",
        seconds=max(at(ended) - at(started), 0.0) if started and ended else 0.0,
    )
