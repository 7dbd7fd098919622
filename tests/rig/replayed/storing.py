"""Recorded histories as they are stored for a replay."""

from __future__ import annotations

from pathlib import Path

from temporalio.api.history.v1 import History as Events

from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import History
from tests.rig.replayed.asking import events_of


def stored(history: History, folder: Path, *, run_id: str = "", workflow: str = "") -> StoredHistory:
    """Write a history down, under another run id or workflow type if one is given."""
    events = Events(events=events_of(history))
    started = events.events[0].workflow_execution_started_event_attributes
    started.workflow_type.name = workflow or started.workflow_type.name
    path = folder / f"{history.workflow_id}-{run_id or history.run_id}.pb"
    path.write_bytes(events.SerializeToString())
    return StoredHistory(
        file=HistoryFile(path=path, shown=path.name),
        binary=path,
        workflow_id=history.workflow_id,
        run_id=run_id or history.run_id,
        workflow=started.workflow_type.name,
        task_queue=started.task_queue.name,
        events=len(events.events),
    )
