"""Events of workflow tasks as the server of Temporal writes them, which the time-skipping test server does not.

In the test server's histories a WorkflowTaskCompleted does not say which WorkflowTaskStarted it belongs to, and what a
workflow task decided names that start as the completion it belongs to. Whoever asks which commands are whose would find
none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from temporalio.api.history.v1 import HistoryEvent


def mend_task_events(events: Iterable[HistoryEvent]) -> None:
    """Say in the events of a history what the test server leaves out of them; others stay as they are."""
    begun, completed_of = 0, dict[int, int]()
    for event in events:
        attributes = event.WhichOneof("attributes") or ""
        details: Any = getattr(event, attributes) if attributes else None
        if attributes == "workflow_task_started_event_attributes":
            begun = event.event_id
        elif attributes == "workflow_task_completed_event_attributes" and not details.started_event_id:
            details.started_event_id = begun
            completed_of[begun] = event.event_id
        elif completed := completed_of.get(getattr(details, "workflow_task_completed_event_id", 0)):
            details.workflow_task_completed_event_id = completed
