"""Failures in protobuf JSON."""

from __future__ import annotations

from typing import Any

from harness.temporal.failure import causes, failure_type, failures_of

REFUSED: dict[str, Any] = {
    "message": "Activity task failed",
    "cause": {"message": "refused", "applicationFailureInfo": {"type": "AuthenticationError"}},
}


def test_a_failure_is_followed_to_its_causes() -> None:
    assert [each["message"] for each in causes(REFUSED)] == ["Activity task failed", "refused"]
    assert list(causes(None)) == list(causes({})) == []


def test_the_failure_of_an_event_is_its_own_or_that_of_the_attempt_before() -> None:
    failed = {"eventType": "EVENT_TYPE_ACTIVITY_TASK_FAILED", "activityTaskFailedEventAttributes": {"failure": REFUSED}}
    started = {
        "eventType": "EVENT_TYPE_ACTIVITY_TASK_STARTED",
        "activityTaskStartedEventAttributes": {"lastFailure": REFUSED},
    }
    assert list(failures_of(failed)) == list(failures_of(started)) == list(causes(REFUSED))
    assert list(failures_of({"eventType": "EVENT_TYPE_TIMER_FIRED"})) == []


def test_only_an_application_failure_has_a_type() -> None:
    assert [failure_type(each) for each in causes(REFUSED)] == ["", "AuthenticationError"]
