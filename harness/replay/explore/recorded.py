"""Results of activities out of recorded histories, in place of executing the worker's own code for them."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.common.v1 import Payloads
from temporalio.api.history.v1 import HistoryEvent

from harness.replay.explore.world import KnownOutcome

RecordedOutcomes = dict[tuple[str, bytes], KnownOutcome]
"""How activities ended, by type and input."""


def recorded_outcomes(histories: Iterable[Iterable[HistoryEvent]]) -> RecordedOutcomes:
    """Return how the activities of histories ended by themselves: with their last result, or else with a failure."""
    outcomes: RecordedOutcomes = {}
    for events in histories:
        scheduled: dict[int, tuple[str, bytes]] = {}
        for event in events:
            attributes = event.activity_task_scheduled_event_attributes
            if event.HasField("activity_task_scheduled_event_attributes"):
                scheduled[event.event_id] = outcome_key(attributes.activity_type.name, attributes.input)
            elif event.HasField("activity_task_completed_event_attributes"):
                completed = event.activity_task_completed_event_attributes
                key = scheduled.get(completed.scheduled_event_id)
                if key:
                    outcomes[key] = KnownOutcome(result=completed.result if completed.HasField("result") else None)
            elif event.HasField("activity_task_failed_event_attributes"):
                failed = event.activity_task_failed_event_attributes
                key = scheduled.get(failed.scheduled_event_id)
                if key:
                    outcomes.setdefault(key, KnownOutcome(failure=failed.failure))
    return outcomes


def outcome_key(name: str, arguments: Payloads) -> tuple[str, bytes]:
    """Return what the outcome of an activity is known by: its type and its input."""
    return name, arguments.SerializeToString(deterministic=True)
