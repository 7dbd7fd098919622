"""Which executions are looked at first, and what of a history is something new."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from harness.histories.choosing import Candidate, Coverage, features, in_turn

ONE = Candidate(workflow_id="w", run_id="r0", workflow_type="Pay", status="COMPLETED")


def listed(*lengths: int, workflow_type: str = "Pay", status: str = "COMPLETED") -> list[Candidate]:
    """Return executions of a type, each started a second after the one before it."""
    return [
        replace(
            ONE,
            run_id=f"{workflow_type}-{status}-{second}",
            workflow_type=workflow_type,
            status=status,
            started=float(second),
            events=length,
        )
        for second, length in enumerate(lengths)
    ]


def test_newest_longest_and_oldest_of_each_type_come_first_and_are_named() -> None:
    turns = in_turn([*listed(5, 90, 5, 5), *listed(7, 8, workflow_type="Ship")])
    named = [(turn.candidate.run_id, turn.why) for turn in turns if turn.why]
    assert named == [
        ("Pay-COMPLETED-3", ("newest",)),
        ("Ship-COMPLETED-1", ("newest", "longest")),
        ("Pay-COMPLETED-1", ("longest",)),
        ("Pay-COMPLETED-0", ("oldest",)),
        ("Ship-COMPLETED-0", ("oldest",)),
    ]
    assert [turn.why for turn in turns[5:]] == [()]


def test_a_single_execution_is_taken_once_for_all_three_reasons() -> None:
    (turn,) = in_turn([ONE])
    assert turn.why == ("newest", "longest", "oldest")


def test_another_status_or_build_comes_before_another_length_and_that_before_more_of_the_same() -> None:
    usual = listed(*[9] * 6)
    other_length = replace(usual[2], events=11)
    patched = replace(usual[3], versions=("patch-1",))
    failed = replace(usual[1], status="FAILED")
    newest, oldest = usual[-1], replace(usual[0], events=12)
    turns = in_turn([oldest, failed, other_length, patched, usual[4], newest])
    assert [turn.candidate for turn in turns] == [newest, oldest, patched, failed, other_length, usual[4]]


def test_types_take_turns() -> None:
    many = listed(*[9] * 50)
    few = listed(9, 9, 9, 9, workflow_type="Ship")
    first = [turn.candidate.workflow_type for turn in in_turn([*many, *few])[:8]]
    assert first.count("Ship") == 4


def test_something_new_is_new_for_its_type_alone() -> None:
    coverage = Coverage()
    coverage.add("Pay", {"a", "b"})
    assert coverage.new("Pay", {"b", "c"}) == ("c",)
    assert coverage.new("Ship", {"b"}) == ("b",)


def event(number: int, kind: str, **attributes: Any) -> dict[str, Any]:
    return {"eventId": str(number), "eventType": f"EVENT_TYPE_{kind}", "someEventAttributes": attributes}


def test_features_name_what_an_event_is_about_also_where_only_its_cause_says_so() -> None:
    patch = {"payloads": [{"data": base64.b64encode(b'{"id":"v2"}').decode()}]}
    found = features(
        [
            event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "Pay"}),
            event(2, "WORKFLOW_TASK_COMPLETED", workerVersion={"buildId": "1.4"}, sdkMetadata={"sdkName": "x"}),
            event(3, "MARKER_RECORDED", markerName="core_patch", details={"patch-data": patch}),
            event(4, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "charge"}),
            event(5, "ACTIVITY_TASK_STARTED", scheduledEventId="4", attempt=3),
            event(6, "ACTIVITY_TASK_FAILED", scheduledEventId="4", startedEventId="5"),
            event(7, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "pay"}}),
            event(8, "WORKFLOW_EXECUTION_UPDATE_COMPLETED", acceptedEventId="7"),
            event(9, "WORKFLOW_TASK_FAILED", cause="WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR"),
        ]
    )
    assert found == {
        "WORKFLOW_EXECUTION_STARTED Pay",
        "WORKFLOW_TASK_COMPLETED",
        "build 1.4",
        "x",
        'MARKER_RECORDED core_patch {"id":"v2"}',
        "ACTIVITY_TASK_SCHEDULED charge",
        "ACTIVITY_TASK_STARTED charge",
        "retried charge",
        "ACTIVITY_TASK_FAILED charge",
        "WORKFLOW_EXECUTION_UPDATE_ACCEPTED pay",
        "WORKFLOW_EXECUTION_UPDATE_COMPLETED pay",
        "WORKFLOW_TASK_FAILED",
        "WORKFLOW_TASK_FAILED WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR",
        "open after WORKFLOW_EXECUTION_UPDATE_COMPLETED pay",
    }


def test_an_execution_that_ended_waits_for_nothing() -> None:
    found = features([event(1, "WORKFLOW_EXECUTION_STARTED"), event(2, "WORKFLOW_EXECUTION_COMPLETED")])
    assert found == {"WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED"}
