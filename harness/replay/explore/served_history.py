"""The history that a real server writes, held against the one that the model of the server has written."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.world import World

_IGNORED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
}
"""Events of what crashproof itself asks of the server: that time passes."""


def until_failure(events: Sequence[HistoryEvent], world: World) -> list[HistoryEvent]:
    """Return a history without the workflow tasks that the server makes once one has failed, or was lost."""
    known = len(world.events) + sum(event.event_type in _IGNORED for event in events)
    return list(events[:known] if world.close in ("task failed", "lost") else events)


def difference(model: Sequence[HistoryEvent], served: Sequence[HistoryEvent]) -> str:
    """Say where the server writes another event than the model; empty where it does not."""
    expected = [_name_of(event) for event in model]
    written = [_name_of(event) for event in served if event.event_type not in _IGNORED]
    for number, (one, other) in enumerate(itertools.zip_longest(expected, written, fillvalue="nothing"), 1):
        if one != other:
            return f"event {number} is {other} there, and {one} as explored"
    return ""


def _name_of(event: HistoryEvent) -> str:
    words = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").split("_")
    return "".join(word.capitalize() for word in words)


def in_the_model(
    answer: rpc.RespondWorkflowTaskCompletedRequest, world: World, served: Sequence[HistoryEvent]
) -> rpc.RespondWorkflowTaskCompletedRequest:
    """Return an answer with the event ids of the model in place of the server's, which has further events."""
    theirs = [event.event_id for event in served if event.event_type not in _IGNORED]
    ours = dict(zip(theirs, (event.event_id for event in world.events), strict=False))
    for command in answer.commands:
        details = getattr(command, command.WhichOneof("attributes") or "", None)
        if details is not None and "scheduled_event_id" in details.DESCRIPTOR.fields_by_name:
            details.scheduled_event_id = ours.get(details.scheduled_event_id, details.scheduled_event_id)
    return answer
