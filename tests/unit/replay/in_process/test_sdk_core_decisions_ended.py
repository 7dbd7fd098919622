"""A cancel of what has ended in the same workflow task is sent to nobody; one of what goes on is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import default
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from harness.replay.in_process.observer import CommandObserver
from harness.replay.in_process.sdk_core_decisions import decisions_of
from tests.replay.sample_cancels import WaitsForActivity, WaitsForApproval, WaitsForChild

KID = {"workflow_execution": {"workflow_id": "kid", "run_id": "r"}, "workflow_type": {"name": "Kid"}}
BEGUN: dict[type, list[tuple[str, dict[str, Any]]]] = {
    WaitsForApproval: [("TIMER_STARTED", {"timer_id": "1"})],
    WaitsForActivity: [("ACTIVITY_TASK_SCHEDULED", {"activity_id": "1", "activity_type": {"name": "act"}})],
    WaitsForChild: [
        ("START_CHILD_WORKFLOW_EXECUTION_INITIATED", {"workflow_id": "kid", "workflow_type": {"name": "Kid"}}),
        ("CHILD_WORKFLOW_EXECUTION_STARTED", {"initiated_event_id": 5, **KID}),
    ],
}
CALLED_OFF: dict[type, tuple[str, dict[str, Any]]] = {
    WaitsForApproval: ("WORKFLOW_EXECUTION_SIGNALED", {"signal_name": "approve"}),
    WaitsForActivity: ("WORKFLOW_EXECUTION_CANCEL_REQUESTED", {}),
    WaitsForChild: ("WORKFLOW_EXECUTION_CANCEL_REQUESTED", {}),
}
ENDED: dict[type, list[tuple[str, dict[str, Any]]]] = {
    WaitsForApproval: [("TIMER_FIRED", {"timer_id": "1", "started_event_id": 5})],
    WaitsForActivity: [
        ("ACTIVITY_TASK_STARTED", {"scheduled_event_id": 5}),
        ("ACTIVITY_TASK_COMPLETED", {"scheduled_event_id": 5}),
    ],
    WaitsForChild: [("CHILD_WORKFLOW_EXECUTION_COMPLETED", {"initiated_event_id": 5, "started_event_id": 6, **KID})],
}
RESULT = {"result": {"payloads": default().payload_converter.to_payloads(["done"])}}
GOES_ON: dict[type, list[tuple[str, dict[str, Any]]]] = {
    WaitsForApproval: [
        ("TIMER_CANCELED", {"timer_id": "1", "started_event_id": 5}),
        ("WORKFLOW_EXECUTION_COMPLETED", RESULT),
    ],
    WaitsForActivity: [
        ("ACTIVITY_TASK_CANCEL_REQUESTED", {"scheduled_event_id": 5}),
        ("WORKFLOW_EXECUTION_CANCELED", {}),
    ],
    WaitsForChild: [
        (
            "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
            {"workflow_execution": {"workflow_id": "kid"}, "child_workflow_only": True},
        )
    ],
}
CANCELS = {
    WaitsForApproval: "CancelTimer",
    WaitsForActivity: "RequestCancelActivityTask",
    WaitsForChild: "RequestCancelExternalWorkflowExecution",
}


def history(workflow: type, *, ended: bool) -> list[HistoryEvent]:
    """Return a history in which what is waited for is called off, and has ended in the same workflow task or not."""
    started = {
        "workflow_type": {"name": workflow.__name__},
        "task_queue": {"name": "q"},
        "original_execution_run_id": "r",
        "attempt": 1,
    }
    happened = [("WORKFLOW_EXECUTION_STARTED", started), *_task(), *BEGUN[workflow]]
    if len(BEGUN[workflow]) > 1:
        happened += _task()  # the workflow hears that the child has started
    happened += [CALLED_OFF[workflow], *(ENDED[workflow] if ended else []), *_task()]
    happened += [("WORKFLOW_EXECUTION_COMPLETED", RESULT)] if ended else GOES_ON[workflow]
    return [_event(number, *each) for number, each in enumerate(happened, start=1)]


def _task() -> list[tuple[str, dict[str, Any]]]:
    return [(f"WORKFLOW_TASK_{name}", {}) for name in ("SCHEDULED", "STARTED", "COMPLETED")]


def _event(number: int, kind: str, attributes: dict[str, Any]) -> HistoryEvent:
    event = HistoryEvent(event_id=number, event_type=EventType.Value(f"EVENT_TYPE_{kind}"))
    event.event_time.FromSeconds(1_700_000_000 + number)
    own = getattr(event, f"{kind.lower()}_event_attributes")
    own.CopyFrom(type(own)(**attributes, **_LEADS_BACK.get(kind, lambda number: {})(number)))
    return event


_LEADS_BACK: dict[str, Callable[[int], dict[str, int]]] = {
    "WORKFLOW_TASK_STARTED": lambda number: {"scheduled_event_id": number - 1},
    "WORKFLOW_TASK_COMPLETED": lambda number: {"scheduled_event_id": number - 2, "started_event_id": number - 1},
}


async def sent(workflow: type, events: Sequence[HistoryEvent]) -> list[str]:
    """Return the kinds of the commands in the last workflow task of a replay."""
    observer = CommandObserver()
    observer.about(events)
    runner = observer.around(SandboxedWorkflowRunner())
    replayer = Replayer(workflows=[workflow], workflow_runner=runner)
    result = await replayer.replay_workflow(WorkflowHistory("run", events), raise_on_replay_failure=False)
    assert result.replay_failure is None
    (found,) = observer.take()
    return [command.kind for command in decisions_of(found, history=events)[-1].commands]


@pytest.mark.parametrize("workflow", CANCELS)
async def test_what_has_ended_by_the_events_of_the_task_is_not_cancelled(workflow: type) -> None:
    assert await sent(workflow, history(workflow, ended=True)) == ["CompleteWorkflowExecution"]


@pytest.mark.parametrize("workflow", CANCELS)
async def test_what_goes_on_is_cancelled(workflow: type) -> None:
    assert CANCELS[workflow] in await sent(workflow, history(workflow, ended=False))
