"""Histories as the matrix takes them: protobuf files, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from temporalio.api.history.v1 import History as Message
from temporalio.client import WorkflowHistory

from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import History


def on_disk(histories: Sequence[History], *, folder: Path) -> list[StoredHistory]:
    """Write histories to a folder."""
    return [_written(history, folder / f"{number}.pb") for number, history in enumerate(histories)]


def _written(history: History, file: Path) -> StoredHistory:
    events = WorkflowHistory.from_json(history.workflow_id, {"events": list(history.events)}).events
    file.write_bytes(Message(events=events).SerializeToString())
    workflow = events[0].workflow_execution_started_event_attributes.workflow_type.name
    return StoredHistory(
        file=HistoryFile(path=file, shown=file.name),
        binary=file,
        workflow=workflow,
        workflow_id=history.workflow_id,
        run_id=history.run_id,
        events=len(events),
    )
