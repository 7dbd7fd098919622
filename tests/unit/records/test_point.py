"""A point's id is stable, readable and free of what a shell would read otherwise."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from harness.records.point import Point, comes_to, matches, meets, place_of, point_of

COMPLETED = Point(
    position="before",
    door="wire",
    operation="RespondActivityTaskCompleted",
    workflow="Trip",
    subject="book",
    execution=2,
    attempt=1,
)

NAMED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"door": "wire", "operation": "RespondWorkflowTaskCompleted", "workflow": "A", "subject": "StartTimer-1"},
        "before/RespondWorkflowTaskCompleted/A/StartTimer-1",
        "before RespondWorkflowTaskCompleted of A (StartTimer-1)",
    ),
    (
        {"door": "model", "operation": "chat.completions", "workflow": "A", "subject": "ask", "execution": 3},
        "before/model.chat.completions/A/ask.3",
        "before model.chat.completions of ask 3",
    ),
    (
        {"door": "effect", "operation": "note", "workflow": "A/B.2", "attempt": 4, "occurrence": 2},
        "before/effect.note/A/B.2/attempt-4/nth-2",
        "before effect.note of A/B.2, attempt 4, occurrence 2",
    ),
    (
        {"door": "wire", "operation": "StartWorkflowExecution", "workflow": "A+1"},
        "before/StartWorkflowExecution/A+1",
        "before StartWorkflowExecution of A+1",
    ),
]


@pytest.mark.parametrize(("told", "point_id", "text"), NAMED)
def test_the_id_and_the_phrase_say_what_the_message_says(told: dict[str, Any], point_id: str, text: str) -> None:
    point = Point(position="before", **told)
    assert point.id == point_id
    assert point.text == text
    assert point == Point(position="before", **told)


@pytest.mark.parametrize(
    "name",
    [
        "a,b",
        "book hotel",
        "livre d'été",
        'a"b',
        "$HOME",
        "a;b",
        "a&b",
        "`ls`",
        "a*b?",
        "(x)",
        "<x>",
        "a\\b",
        "a\nb",
        "#x",
        "~",
        "日",
    ],
)
def test_an_id_needs_no_shell_quoting_whatever_the_activity_is_called(name: str) -> None:
    point = Point(position="after", door="effect", operation=name, workflow=name, subject=name, execution=1, attempt=1)
    assert shlex.split(point.id) == [point.id]
    assert not set(point.id) & set(" '\"$;&`*?()<>\\\n#~|!{}[]")


def test_different_names_have_different_ids() -> None:
    names = ["a b", "a_b", "a%20b", "a-b", "ab"]
    ids = {Point(position="before", door="wire", operation="Op", subject=name).id for name in names}
    assert len(ids) == len(names)


def test_the_place_is_the_id_without_its_attempt() -> None:
    assert COMPLETED.id == "before/RespondActivityTaskCompleted/Trip/book.2/attempt-1"
    assert COMPLETED.place == place_of(COMPLETED.id) == "before/RespondActivityTaskCompleted/Trip/book.2"
    beat = Point(
        position="before", door="wire", operation="Beat", subject="book", execution=1, attempt=12, occurrence=3
    )
    assert beat.place == "before/Beat/book.1/nth-3"


def test_the_other_side_of_the_message() -> None:
    after = COMPLETED.at("after")
    assert after.id == COMPLETED.id.replace("before", "after")
    assert after.at("before") == COMPLETED


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (COMPLETED.id, True),
        (COMPLETED.place, True),
        ("before/RespondActivityTaskCompleted/*", True),
        ("*/book.2", True),
        ("*book.2/attempt-1", True),
        ("*", True),
        ("before/RespondActivityTaskCompleted/Trip/book.2/attempt-2", False),
        ("before/RespondActivityTaskCompleted/Trip/book.", False),
        ("after/*", False),
        ("*BOOK*", False),
        ("", False),
    ],
)
def test_a_pattern_fits_with_and_without_attempt(pattern: str, fits: bool) -> None:
    assert matches(COMPLETED.id, pattern) is fits


@pytest.mark.parametrize("name", ["step[1]", "half[open", "a?b"])
def test_an_id_of_an_odd_name_matches_itself_and_its_place(name: str) -> None:
    point = Point(position="before", door="wire", operation="Op", subject=name, attempt=2)
    assert matches(point.id, point.id)
    assert matches(point.id, point.place)


def test_a_strike_at_a_workflow_task_meets_every_attempt_of_it() -> None:
    planned = "before/RespondWorkflowTaskCompleted/A/CompleteWorkflowExecution/attempt-1"
    assert meets(planned.replace("attempt-1", "attempt-2"), planned)
    assert not meets(planned.replace("CompleteWorkflowExecution", "no-commands"), planned)
    activity = "before/RespondActivityTaskCompleted/A/book.1/attempt-1"
    assert meets(activity, activity)
    assert not meets(activity.replace("attempt-1", "attempt-2"), activity)


@pytest.mark.parametrize(
    ("point_id", "text"),
    [
        ("before/One", "before One"),
        ("after/effect.note/A/nth-2", "after effect.note of A, occurrence 2"),
        (
            "before/model.chat.completions/Trip/Leg.2/plan.1/attempt-1",
            "before model.chat.completions of plan 1 in Trip/Leg.2, attempt 1",
        ),
        (
            "before/RespondWorkflowTaskCompleted/A/ScheduleActivityTask-book.1/attempt-1",
            "before RespondWorkflowTaskCompleted of A (ScheduleActivityTask-book.1), attempt 1",
        ),
        (COMPLETED.id, "before RespondActivityTaskCompleted of book 2, attempt 1"),
    ],
)
def test_an_id_is_read_back_as_the_point_that_it_names(point_id: str, text: str) -> None:
    assert point_of(point_id).id == point_id
    assert point_of(point_id).text == text
    assert point_of(COMPLETED.id) == COMPLETED


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("after/Op/A/book.1/attempt-1", True),
        ("after/Op/*/attempt-1", True),
        ("after/Op/A/book.1/attempt-2", True),
        ("after/Op/A/book.1/attempt-3", False),
        ("after/Op/A/book.2/attempt-1", False),
        ("before/Op/A/book.1/attempt-1", False),
        ("after/Op/A/book.1", True),
    ],
)
def test_what_waits_for_a_message_meets_a_later_attempt_of_it(pattern: str, fits: bool) -> None:
    assert comes_to("after/Op/A/book.1/attempt-2", pattern) is fits
