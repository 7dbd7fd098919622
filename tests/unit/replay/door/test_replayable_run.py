"""Which workflow tasks a history holds, and what a server would hand out with each."""

from __future__ import annotations

from typing import Any

from temporalio.client import WorkflowHistory

from harness.replay.door.replayable_run import ReplayableRun, replayable_run, with_markers_given

STARTED = ("WORKFLOW_EXECUTION_STARTED", {"workflowType": {"name": "Order"}, "taskQueue": {"name": "orders"}})
SCHEDULED: tuple[str, dict[str, Any]] = ("WORKFLOW_TASK_SCHEDULED", {})
COMPLETED: tuple[str, dict[str, Any]] = ("WORKFLOW_TASK_COMPLETED", {})


def begun(scheduled: int) -> tuple[str, dict[str, Any]]:
    return "WORKFLOW_TASK_STARTED", {"scheduledEventId": str(scheduled)}


def marker(name: str) -> tuple[str, dict[str, Any]]:
    return "MARKER_RECORDED", {"markerName": name}


def run(*events: tuple[str, dict[str, Any]]) -> ReplayableRun:
    found = []
    for number, (kind, attributes) in enumerate(events, start=1):
        first, *rest = kind.lower().split("_")
        name = first + "".join(word.capitalize() for word in rest) + "EventAttributes"
        found.append({"eventId": str(number), "eventType": f"EVENT_TYPE_{kind}", name: attributes})
    return replayable_run(
        WorkflowHistory.from_json("order-1", {"events": found}).events, workflow_id="order-1", run_id="run-1"
    )


def test_tasks_that_failed_or_timed_out_are_left_out_and_an_open_one_is_not() -> None:
    found = run(
        *(STARTED, SCHEDULED, begun(2), COMPLETED),
        *(SCHEDULED, begun(5), ("WORKFLOW_TASK_FAILED", {})),
        *(SCHEDULED, begun(8), ("WORKFLOW_TASK_TIMED_OUT", {})),
        *(SCHEDULED, begun(11), COMPLETED, SCHEDULED, begun(14)),
    )
    told = [(task.started_event_id, task.previous_started_event_id, task.completed_event_id) for task in found.tasks]
    assert told == [(3, 0, 4), (12, 3, 13), (15, 12, 0)]
    assert (found.workflow_type, found.task_queue) == ("Order", "orders")


def test_an_update_comes_as_the_message_that_was_accepted() -> None:
    accepted = {
        "protocolInstanceId": "update-1",
        "acceptedRequestMessageId": "update-1/request",
        "acceptedRequestSequencingEventId": "2",
        "acceptedRequest": {"meta": {"updateId": "update-1"}, "input": {"name": "approve"}},
    }
    answer = ("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", accepted)
    (task,) = run(STARTED, SCHEDULED, begun(2), COMPLETED, answer).tasks
    (message,) = task.messages
    assert (message.id, message.protocol_instance_id, message.event_id) == ("update-1/request", "update-1", 2)
    assert message.body.type_url.endswith("temporal.api.update.v1.Request")

    admitted = ("WORKFLOW_EXECUTION_UPDATE_ADMITTED", {"request": {"meta": {"updateId": "update-1"}}})
    (task,) = run(STARTED, admitted, SCHEDULED, begun(3), COMPLETED, answer).tasks
    assert task.messages == ()


def test_what_the_worker_would_make_anew_is_known_by_its_marker() -> None:
    for name, anew in {
        "core_local_activity": True,
        "SideEffect": True,
        "LocalActivity": True,
        "core_patch": False,
    }.items():
        (task,) = run(STARTED, SCHEDULED, begun(2), COMPLETED, marker(name)).tasks
        assert bool(task.made_anew) is anew


def test_markers_are_given_before_another_task() -> None:
    timer = ("TIMER_STARTED", {"timerId": "1"})
    local = marker("core_local_activity")
    found = run(STARTED, SCHEDULED, begun(2), COMPLETED, timer, local, SCHEDULED, begun(7))
    events, given = with_markers_given(found, found.tasks[0])
    assert [event.event_id for event in events] == list(range(1, 8))
    assert events[4].marker_recorded_event_attributes.marker_name == "core_local_activity"
    assert events[6].workflow_task_started_event_attributes.scheduled_event_id == 6
    assert given == (6,)
    assert found.events[5].event_id == 6, "the recorded events stay as they are"


def test_a_task_without_markers_is_followed_by_an_event_without_meaning() -> None:
    found = run(STARTED, SCHEDULED, begun(2), COMPLETED, ("TIMER_STARTED", {"timerId": "1"}))
    events, given = with_markers_given(found, found.tasks[0])
    assert (len(events), given) == (7, ())
    assert events[4].worker_may_ignore
