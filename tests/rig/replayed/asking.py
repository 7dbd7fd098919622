"""Hands recorded histories to the replay door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from harness.records.evidence import History
from harness.replay.door.door import ReplayDoor
from harness.replay.door.frontend import OfferedTask
from harness.replay.door.task_answer import Mode, TaskAnswer


def events_of(history: History) -> Sequence[HistoryEvent]:
    """Return the events of a history as protobuf messages."""
    return WorkflowHistory.from_json(history.workflow_id, {"events": list(history.events)}).events


def impatient_with_the_second_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every door wait half a second for the second task of ``Greedy``, which blocks, and as long as ever else."""
    ask = ReplayDoor._ask

    async def impatient(self: ReplayDoor, offered: OfferedTask, *given: Any) -> TaskAnswer:
        second = offered.run.workflow_type == "Greedy" and offered.end > offered.run.tasks[0].started_event_id
        monkeypatch.setattr(self, "_limit", 0.5 if second else 60.0)
        return await ask(self, offered, *given)

    monkeypatch.setattr(ReplayDoor, "_ask", impatient)


async def replay(door: ReplayDoor, history: History, modes: Sequence[Mode] = ("cold", "warm")) -> list[TaskAnswer]:
    """Ask for every workflow task of a history."""
    return await door.replay(events_of(history), workflow_id=history.workflow_id, run_id=history.run_id, modes=modes)
