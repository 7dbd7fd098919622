"""Flags of SDKs are in force from the workflow task that names them on."""

from __future__ import annotations

from temporalio.api.history.v1 import HistoryEvent

from harness.temporal.sdk_flags import COMPARES_IDS_AND_TYPES, SENDS_WHAT_FOLLOWS_THE_END, flags_by_task


def _completed(started: int, core: list[int], lang: list[int]) -> HistoryEvent:
    event = HistoryEvent(event_id=started + 1)
    completed = event.workflow_task_completed_event_attributes
    completed.started_event_id = started
    completed.sdk_metadata.core_used_flags.extend(core)
    completed.sdk_metadata.lang_used_flags.extend(lang)
    return event


def test_flags_are_in_force_from_the_task_that_names_them_on() -> None:
    events = [HistoryEvent(event_id=1), _completed(3, [], []), _completed(7, [1], [3]), _completed(11, [3], [])]
    known = {COMPARES_IDS_AND_TYPES, ("lang", 3)}
    assert flags_by_task(events) == {3: set(), 7: known, 11: known | {SENDS_WHAT_FOLLOWS_THE_END}}
