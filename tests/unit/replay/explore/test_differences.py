"""How what was decided differs when it is asked once more."""

from __future__ import annotations

from dataclasses import replace

from harness.replay.explore.differences import path_difference, task_difference
from harness.replay.explore.world import World
from tests.unit.replay.explore.worlds import first

BOOKS = 'COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK {"activityType": {"name": "book"}}'
CHARGES = 'COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK {"activityType": {"name": "charge"}}'


def decided(*decisions: str, **more: str) -> World:
    return replace(first(), decisions=decisions, **more)  # type: ignore[arg-type]


def test_another_decision_is_told_in_words() -> None:
    assert task_difference(first(), decided(BOOKS), decided(BOOKS)) == ""
    told = task_difference(decided(BOOKS), decided(BOOKS, BOOKS), decided(BOOKS, CHARGES))
    assert told == "it schedules activity charge; before, it schedules activity book"
    assert path_difference(decided(BOOKS), decided(CHARGES)).startswith(
        "in another process it schedules activity charge"
    )


def test_what_differs_in_its_fields_alone_is_told_in_full() -> None:
    rome, oslo = (f'{BOOKS[:-1]}, "input": "{city}"}}' for city in ("Rome", "Oslo"))
    assert task_difference(first(), decided(rome), decided(oslo)) == f"it decides {oslo}; before, {rome}"


def test_what_a_local_activity_has_made_anew_is_no_difference() -> None:
    assert task_difference(first(), decided("COMMAND_TYPE_RECORD_MARKER {}"), decided(BOOKS)) == ""


def test_a_task_that_fails_is_told_by_its_failure() -> None:
    failed = decided(close="task failed", result="nondeterminism")
    assert task_difference(first(), decided(BOOKS), failed) == "nondeterminism"
