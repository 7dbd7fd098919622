"""Commands in the form in which they are compared, and what each of them is about."""

from __future__ import annotations

from typing import Any

import pytest

from harness.replay.compare.normal_form import ReplayPlace, is_added_by_sdk, normalized, subject
from harness.temporal.command import Command
from harness.temporal.run import WorkflowRun

RUN = WorkflowRun(
    workflow_type="Trip",
    task_queue="travel",
    activities={5: ("1", "book")},
    operations={9: (1, "Hotel.reserve")},
    updates={"u1": "raise_by"},
)


def fields(kind: str, event_id: int = 0, *, place: ReplayPlace = ReplayPlace(), **given: Any) -> dict[str, Any]:  # noqa: B008
    command = Command(kind=kind, fields=given, event_id=event_id)
    return dict(normalized(command, run=RUN, place=place, local_results=False).fields)


def test_references_to_events_are_replaced_by_what_they_name() -> None:
    assert fields("RequestCancelActivityTask", scheduledEventId=5) == {"activityId": "1"}
    assert fields("RequestCancelNexusOperation", scheduledEventId=9) == {"number": 1}
    assert fields("RequestCancelActivityTask", scheduledEventId=7) == {"activityId": "event 7"}


def test_the_task_queue_of_the_replay_counts_as_that_of_the_run() -> None:
    place = ReplayPlace(task_queue="replay")
    assert fields("StartChildWorkflowExecution", place=place, taskQueue="replay")["taskQueue"] == "travel"
    assert fields("StartChildWorkflowExecution", place=place, taskQueue="other")["taskQueue"] == "other"


def test_where_a_child_failed_is_no_decision() -> None:
    given = {"failure.namespace": "default", "failure.cause.cause.namespace": "default", "failure.type": "namespace"}
    assert fields("FailWorkflowExecution", event_id=9, **given) == {"failure.type": "namespace"}
    assert fields("FailWorkflowExecution", **given) == {"failure.type": "namespace"}


def test_results_of_local_activities_are_no_decision() -> None:
    given = {"markerName": "core_local_activity", "activityType": "note", "result.0": {}, "attempt": 2}
    assert fields("RecordMarker", **given) == {"markerName": "core_local_activity", "activityType": "note"}


@pytest.mark.parametrize(
    ("command", "about"),
    [
        (Command(kind="ScheduleActivityTask", fields={"activityType": "book"}), "book"),
        (Command(kind="RequestCancelActivityTask", fields={"activityId": "1"}), "book"),
        (Command(kind="RequestCancelNexusOperation", fields={"number": 1}), "Hotel.reserve"),
        (Command(kind="RecordMarker", fields={"patchId": "new"}), "new"),
        (Command(kind="CompleteWorkflowExecution", fields={}), "Trip"),
        (Command(kind="ModifyWorkflowProperties", fields={"memo.b": {}, "memo.a": {}}), "a, b"),
        (Command(kind="UpdateAccepted", fields={"updateId": "u2"}), "u2"),
        (Command(kind="Unknown", fields={}), ""),
    ],
)
def test_subject_is_what_a_command_is_about(command: Command, about: str) -> None:
    assert subject(command, run=RUN) == about


def test_the_search_attribute_of_patches_is_added_by_the_sdk() -> None:
    kind = "UpsertWorkflowSearchAttributes"
    assert is_added_by_sdk(Command(kind=kind, fields={"searchAttributes.TemporalChangeVersion": {}}))
    assert not is_added_by_sdk(Command(kind=kind, fields={"searchAttributes.City": {}}))
