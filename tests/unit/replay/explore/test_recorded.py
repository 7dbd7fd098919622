"""How activities ended is read out of histories: by type and input, the result before the failure."""

from __future__ import annotations

from temporalio.api.history.v1 import HistoryEvent

from harness.replay.explore.recorded import outcome_key, recorded_outcomes
from tests.unit.replay.explore.worlds import payloads


def scheduled(event_id: int, arguments: bytes) -> HistoryEvent:
    event = HistoryEvent(event_id=event_id)
    event.activity_task_scheduled_event_attributes.activity_type.name = "book"
    event.activity_task_scheduled_event_attributes.input.CopyFrom(payloads(arguments))
    return event


def completed(of: int, result: bytes) -> HistoryEvent:
    event = HistoryEvent()
    event.activity_task_completed_event_attributes.scheduled_event_id = of
    event.activity_task_completed_event_attributes.result.CopyFrom(payloads(result))
    return event


def failed(of: int) -> HistoryEvent:
    event = HistoryEvent()
    event.activity_task_failed_event_attributes.scheduled_event_id = of
    event.activity_task_failed_event_attributes.failure.message = "full"
    return event


def test_results_are_known_by_type_and_input() -> None:
    known = recorded_outcomes([[scheduled(5, b'"Rome"'), scheduled(6, b'"Oslo"'), failed(6), completed(5, b"1")]])
    assert known[outcome_key("book", payloads(b'"Rome"'))].result == payloads(b"1")
    failure = known[outcome_key("book", payloads(b'"Oslo"'))].failure
    assert failure is not None
    assert failure.message == "full"
    assert len(known) == 2


def test_a_result_in_any_history_counts_more_than_a_failure() -> None:
    known = recorded_outcomes([[scheduled(5, b"1"), failed(5)], [scheduled(9, b"1"), completed(9, b"2")]])
    (outcome,) = known.values()
    assert (outcome.result, outcome.failure) == (payloads(b"2"), None)
