"""Histories as the matrix takes them: protobuf files, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.history.v1 import History as Message
from temporalio.client import WorkflowHistory

from harness.records.evidence import History


@dataclass(frozen=True, kw_only=True)
class OnDisk:
    """One history."""

    binary: Path | None
    workflow: str
    workflow_id: str
    run_id: str
    events: int


def on_disk(histories: Sequence[History], *, folder: Path) -> list[OnDisk]:
    """Write histories to a folder."""
    return [_written(history, folder / f"{number}.pb") for number, history in enumerate(histories)]


def _written(history: History, file: Path) -> OnDisk:
    events = WorkflowHistory.from_json(history.workflow_id, {"events": list(history.events)}).events
    file.write_bytes(Message(events=events).SerializeToString())
    workflow = events[0].workflow_execution_started_event_attributes.workflow_type.name
    return OnDisk(
        binary=file, workflow=workflow, workflow_id=history.workflow_id, run_id=history.run_id, events=len(events)
    )
