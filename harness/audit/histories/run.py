"""One recorded run of a workflow, as the rules on histories read it: its activities, what was declared, what came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from harness.records.evidence import History
from harness.temporal.activity_options import ActivityOptions, options_of

Event = dict[str, Any]

_FRACTION = re.compile(r"\.\d+")
_ENDS = ("ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT", "ACTIVITY_TASK_CANCELED")
_CLOSES = {
    f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}"
    for end in ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
}


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
        told = self.failure.get("timeoutFailureInfo") or {}
        return str(told.get("timeoutType", "")).removeprefix("TIMEOUT_TYPE_")


@dataclass(frozen=True)
class RecordedRun:
    """A recorded run."""

    history: History

    @cached_property
    def workflow(self) -> str:
        """Return the workflow type."""
        return str((attributes(self.history.events[0]).get("workflowType") or {}).get("name", ""))

    @cached_property
    def close(self) -> Event | None:
        """Return the event that closed it; None while it is open."""
        found = (event for event in reversed(self.history.events) if event["eventType"] in _CLOSES)
        return next(found, None)

    @property
    def closed_as(self) -> str:
        """Return how it closed (``COMPLETED``); empty while it is open."""
        prefix = "EVENT_TYPE_WORKFLOW_EXECUTION_"
        return str(self.close["eventType"]).removeprefix(prefix) if self.close else ""

    @property
    def bounded(self) -> bool:
        """Whether a timeout of the workflow ends whatever it waits for."""
        told = attributes(self.history.events[0])
        return any(seconds(told.get(f"workflow{which}Timeout")) for which in ("Execution", "Run"))

    @cached_property
    def bytes(self) -> int:
        """Return the size of the history as the server told it last; 0 if it did not."""
        started = self.history.of_type("WORKFLOW_TASK_STARTED")
        return max((int(attributes(event).get("historySizeBytes") or 0) for event in started), default=0)

    @cached_property
    def executions(self) -> tuple[Execution, ...]:
        """Return the activities, in the order in which they were scheduled."""
        started = _by_scheduled(self.history.of_type("ACTIVITY_TASK_STARTED"))
        ended = _by_scheduled(self.history.of_type(*_ENDS))
        return tuple(
            _execution(event, started.get(number(event)), ended.get(number(event)))
            for event in self.history.of_type("ACTIVITY_TASK_SCHEDULED")
        )


def kind(event: Event) -> str:
    """Return the type of an event without its prefix."""
    return str(event["eventType"]).removeprefix("EVENT_TYPE_")


def attributes(event: Event) -> dict[str, Any]:
    """Return the event's own attributes, whatever its type."""
    return next((value for name, value in event.items() if name.endswith("EventAttributes")), {})


def number(event: Event) -> int:
    """Return the event's id."""
    return int(event["eventId"])


def seconds(duration: Any) -> float:
    """Return a duration of protobuf JSON (``"1.5s"``) in seconds; 0 for none."""
    return float(str(duration).removesuffix("s")) if duration else 0.0


def size_of(value: Any) -> int:
    """Return the bytes of all payloads in a value of protobuf JSON."""
    if isinstance(value, list):
        return sum(size_of(each) for each in value)
    if not isinstance(value, dict):
        return 0
    if isinstance(told := value.get("data"), str) and "metadata" in value:
        return len(told) * 3 // 4 - told[-2:].count("=")
    return sum(size_of(each) for each in value.values())


def causes(failure: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Yield a failure and its causes, outermost first."""
    while failure:
        yield failure
        failure = failure.get("cause")


def failure_type(failure: dict[str, Any]) -> str:
    """Return the type of an application failure; empty for another one."""
    return str((failure.get("applicationFailureInfo") or {}).get("type", ""))


def _by_scheduled(found: Iterator[Event]) -> dict[int, Event]:
    return {int(attributes(event).get("scheduledEventId") or 0): event for event in found}


def _execution(scheduled: Event, started: Event | None, ended: Event | None) -> Execution:
    told = attributes(scheduled)
    began = attributes(started) if started else {}
    end = attributes(ended) if ended else {}
    final = end.get("failure") or {}
    return Execution(
        event=number(scheduled),
        activity=str((told.get("activityType") or {}).get("name", "")),
        decided=int(told.get("workflowTaskCompletedEventId") or 0),
        options=options_of(told),
        size=size_of(told.get("input")),
        attempts=int(began.get("attempt") or 1) if started else 0,
        failure=final or began.get("lastFailure") or {},
        final=bool(final),
        end=kind(ended) if ended else "",
        seconds=max(_at(ended) - _at(started), 0.0) if started and ended else 0.0,
    )


def _at(event: Event) -> float:
    told = str(event.get("eventTime", ""))
    if not told:
        return 0.0
    fraction = _FRACTION.search(told)
    whole = datetime.fromisoformat(_FRACTION.sub("", told).replace("Z", "+00:00")).timestamp()
    return whole + (float(f"0{fraction[0]}") if fraction else 0.0)
