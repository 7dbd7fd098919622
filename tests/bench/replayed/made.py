"""Histories for the bench: copies of a recorded one, and one that is as long as is wanted."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent

RECORDED = Path(__file__).parents[2] / "replay" / "histories" / "Greeting-run.json"
_BEGAN = 1_800_000_000
_RUN_ID = "00000000-0000-4000-8000-000000000001"


def copy_recorded(folder: Path, *, count: int) -> list[Path]:
    """Write copies of the recorded small history, each with a workflow id and run id of its own."""
    told = json.loads(RECORDED.read_text())
    run_id = told["events"][0]["workflowExecutionStartedEventAttributes"]["originalExecutionRunId"]
    files = []
    for number in range(count):
        own = str(uuid.UUID(int=number + 1, version=4))
        text = json.dumps({"workflowId": f"greeting-{number:05}", "events": told["events"]}, indent=1)
        files.append(folder / f"greeting-{number:05}.{own}.json")
        files[-1].write_text(text.replace(run_id, own))
    return files


def write_long(file: Path, *, events: int) -> int:
    """Write a history of ``ManySteps`` with about so many events, as binary protobuf; return how many it has."""
    made = _Made()
    steps = (events - 5) // 6
    made.add(
        "WORKFLOW_EXECUTION_STARTED",
        workflow_type={"name": "ManySteps"},
        task_queue={"name": "q"},
        input=_payloads(steps),
        original_execution_run_id=_RUN_ID,
        first_execution_run_id=_RUN_ID,
        workflow_task_timeout={"seconds": 10},
        attempt=1,
    )
    for number in range(steps):
        made.step(number)
    completed = made.task()
    made.add("WORKFLOW_EXECUTION_COMPLETED", result=_payloads("done"), workflow_task_completed_event_id=completed)
    history = History(events=made.events)
    file.write_bytes(history.SerializeToString())
    return len(history.events)


class _Made:
    """Events with ids in their order."""

    def __init__(self) -> None:
        self.events: list[HistoryEvent] = []

    def add(self, name: str, **attributes: Any) -> int:
        """Add an event and return its id."""
        event_id = len(self.events) + 1
        told: dict[str, Any] = {f"{name.lower()}_event_attributes": attributes}
        event = HistoryEvent(
            event_id=event_id,
            event_time=Timestamp(seconds=_BEGAN + event_id // 10),
            event_type=EventType.Value(f"EVENT_TYPE_{name}"),
            task_id=event_id,
            **told,
        )
        self.events.append(event)
        return event_id

    def task(self) -> int:
        """Add a workflow task and return the id of its end."""
        scheduled = self.add("WORKFLOW_TASK_SCHEDULED", task_queue={"name": "q"}, attempt=1)
        started = self.add("WORKFLOW_TASK_STARTED", scheduled_event_id=scheduled, identity="1@worker")
        flags = {"core_used_flags": [1, 2, 3], "lang_used_flags": [1]} if scheduled == 2 else {}
        return self.add(
            "WORKFLOW_TASK_COMPLETED",
            scheduled_event_id=scheduled,
            started_event_id=started,
            identity="1@worker",
            sdk_metadata=flags,
        )

    def step(self, number: int) -> None:
        """Add a workflow task that starts an activity, and what the activity comes to."""
        scheduled = self.add(
            "ACTIVITY_TASK_SCHEDULED",
            workflow_task_completed_event_id=self.task(),
            activity_id=str(number + 1),
            activity_type={"name": "step"},
            task_queue={"name": "q"},
            input=_payloads(str(number)),
            start_to_close_timeout={"seconds": 5},
            heartbeat_timeout={},
            retry_policy={"initial_interval": {"seconds": 1}, "backoff_coefficient": 2.0}
            | {"maximum_interval": {"seconds": 100}},
        )
        started = self.add("ACTIVITY_TASK_STARTED", scheduled_event_id=scheduled, identity="1@worker", attempt=1)
        self.add(
            "ACTIVITY_TASK_COMPLETED",
            scheduled_event_id=scheduled,
            started_event_id=started,
            result=_payloads("done"),
        )


def _payloads(value: Any) -> Payloads:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
    return Payloads(payloads=[payload])
