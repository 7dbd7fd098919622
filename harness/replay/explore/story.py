"""A path in words: what happened step by step, and what the worker decided each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from google.protobuf.json_format import MessageToJson
from temporalio.api.history.v1 import History, HistoryEvent

from harness.replay.explore.world import World

_KINDS = {
    "SCHEDULE_ACTIVITY_TASK": ("schedules activity", "activityType"),
    "START_CHILD_WORKFLOW_EXECUTION": ("starts child workflow", "workflowType"),
    "START_TIMER": ("starts a timer of", "startToFireTimeout"),
    "CANCEL_TIMER": ("cancels a timer", ""),
    "REQUEST_CANCEL_ACTIVITY_TASK": ("asks an activity to cancel", ""),
    "COMPLETE_WORKFLOW_EXECUTION": ("completes", "result"),
    "FAIL_WORKFLOW_EXECUTION": ("fails", "failure"),
    "CANCEL_WORKFLOW_EXECUTION": ("is cancelled", ""),
    "CONTINUE_AS_NEW_WORKFLOW_EXECUTION": ("continues as new", ""),
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION": ("signals another workflow", "signalName"),
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION": ("asks another workflow to cancel", ""),
    "SCHEDULE_NEXUS_OPERATION": ("starts Nexus operation", "operation"),
    "REQUEST_CANCEL_NEXUS_OPERATION": ("asks a Nexus operation to cancel", ""),
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": ("sets search attributes", ""),
    "MODIFY_WORKFLOW_PROPERTIES": ("changes its memo", ""),
    "RECORD_MARKER": ("records a marker", "markerName"),
}


def story_of(worlds: Sequence[World]) -> Iterator[str]:
    """Yield a line for each step of a path, with what was decided.

    Args:
        worlds: The world after each step.
    """
    decided = 0
    for number, world in enumerate(worlds, start=1):
        happened = ", and ".join(move.words for move in world.path[-1])
        decisions = world.decisions[decided:]
        decided = len(world.decisions)
        yield f"{number}. {happened}: {_answer(world, decisions)}"


def history_json(events: Sequence[HistoryEvent]) -> bytes:
    """Return a history as the Web UI and Replayers open it."""
    return MessageToJson(History(events=events)).encode()


def decided_words(decisions: Sequence[str]) -> str:
    """Return what was decided in one workflow task as a phrase: ``schedules activity book, starts a timer of 60s``."""
    return ", ".join(map(_phrase, decisions)) or "goes on waiting"


def _answer(world: World, decisions: Sequence[str]) -> str:
    if world.close in ("task failed", "lost"):
        return f"the workflow task fails: {world.result.splitlines()[0] if world.result else world.close}"
    if world.close == "left":
        return f"not explored: {'; '.join(world.unexplored)}"
    waits = f" at {world.place}" if world.place and not decisions else ""
    return f"the workflow {decided_words(decisions)}{waits}"


def _phrase(decision: str) -> str:
    kind, _, fields = decision.partition(" ")
    words, name = _KINDS.get(kind.removeprefix("COMMAND_TYPE_"), (kind.removeprefix("COMMAND_TYPE_").lower(), ""))
    if not fields.startswith("{"):
        return decision
    value = json.loads(fields).get(name, "")
    if isinstance(value, dict):
        value = value.get("name") or value.get("message") or ""
    return f"{words} {value}".strip()
