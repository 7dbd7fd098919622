"""The history is well formed: ids without a gap, every event refers to an earlier one of the right kind, one close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.activity_account import recorded, why_no_history
from harness.records.evidence import Evidence, History
from harness.records.verdict import Finding
from harness.temporal import event as events

_REFERENCES = {
    "ACTIVITY_TASK_": {"scheduledEventId": ("ACTIVITY_TASK_SCHEDULED",), "startedEventId": ("ACTIVITY_TASK_STARTED",)},
    "WORKFLOW_TASK_": {"scheduledEventId": ("WORKFLOW_TASK_SCHEDULED",), "startedEventId": ("WORKFLOW_TASK_STARTED",)},
    "TIMER_": {"startedEventId": ("TIMER_STARTED",)},
    "CHILD_WORKFLOW_EXECUTION_": {
        "initiatedEventId": ("START_CHILD_WORKFLOW_EXECUTION_INITIATED",),
        "startedEventId": ("CHILD_WORKFLOW_EXECUTION_STARTED",),
    },
}
"""Event types by how they begin, and what the ids in their attributes must refer to."""

_COMMANDED = "workflowTaskCompletedEventId"


@check(
    "history-well-formed",
    why="A history with a gap cannot be replayed.",
    fix="Nothing in the agent can cause this: report it to the makers of the server, with the history.",
)
def history_well_formed(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Every history has ids without a gap, refers only to what came before, and ends with one close event."""
    if not any(history.events for history in recorded(evidence)):
        raise NothingToLookAt(why_no_history(evidence) or "there is no history")
    if evidence.engine == "time-skipping":
        # Measured with 1.32.1: ids of other events than are meant, in commanded events and in ends of activities.
        raise NothingToLookAt("the SDK's test server writes histories that are not")
    for history in recorded(evidence):
        for message, event in (*_ids(history), *_references(history), *_closes(history)):
            yield Finding(
                check="history-well-formed",
                subject=history.path,
                message=f"history of {history.path}: {message}",
                evidence=(showing.event(event),),
            )


def _ids(history: History) -> Iterator[tuple[str, dict[str, Any]]]:
    for expected, event in enumerate(history.events, start=1):
        if events.number(event) != expected:
            yield f"event {events.number(event)} where event {expected} was expected", event
            return


def _references(history: History) -> Iterator[tuple[str, dict[str, Any]]]:
    earlier: dict[int, str] = {}
    for event in history.events:
        for name, wanted in _wanted(events.kind(event)).items():
            # No id, or 0, is written where there is nothing to refer to, such as a timeout before the start.
            referred = int(events.attributes(event).get(name) or 0)
            if referred and earlier.get(referred) not in wanted:
                actual = earlier.get(referred, "no earlier event")
                yield f"{name} {referred} of event {events.number(event)} is {actual}, not {' or '.join(wanted)}", event
        earlier[events.number(event)] = events.kind(event)


def _wanted(kind: str) -> dict[str, tuple[str, ...]]:
    references = next((wanted for start, wanted in _REFERENCES.items() if kind.startswith(start)), {})
    return {**references, _COMMANDED: ("WORKFLOW_TASK_COMPLETED",)}


def _closes(history: History) -> Iterator[tuple[str, dict[str, Any]]]:
    closing = [event for event in history.events if events.kind(event) in events.CLOSES]
    if len(closing) > 1:
        yield f"{len(closing)} close events, expected one", closing[-1]
    elif closing and closing[0] is not history.events[-1]:
        yield "events after the close event", history.events[-1]
