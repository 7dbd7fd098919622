"""Hands recorded histories to the replay door."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from harness.records.evidence import History
from harness.replay.door.door import ReplayDoor
from harness.replay.door.task_answer import Mode, TaskAnswer


def events_of(history: History) -> Sequence[HistoryEvent]:
    """Return the events of a history as protobuf messages."""
    return WorkflowHistory.from_json(history.workflow_id, {"events": list(history.events)}).events


async def replay(door: ReplayDoor, history: History, modes: Sequence[Mode] = ("cold", "warm")) -> list[TaskAnswer]:
    """Ask for every workflow task of a history."""
    return await door.replay(events_of(history), workflow_id=history.workflow_id, run_id=history.run_id, modes=modes)
