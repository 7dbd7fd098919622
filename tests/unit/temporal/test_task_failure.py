"""Messages of failed workflow tasks are understood by the marks that the SDKs put into them."""

from __future__ import annotations

import pytest

from harness.temporal.task_failure import (
    is_blocked,
    is_nondeterminism,
    is_unregistered,
    registered_types,
    takes_otherwise,
)


@pytest.mark.parametrize(
    ("message", "blocked", "nondeterminism"),
    [
        ("[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s).", True, False),
        ("Potential deadlock detected: workflow goroutine 'root' didn't yield for over a second", True, False),
        ("[TMPRL1100] Nondeterminism error: Timer machine does not handle this event", False, True),
        ("ValueError: no", False, False),
        ("", False, False),
    ],
)
def test_a_message_tells_why_a_task_failed(message: str, blocked: bool, nondeterminism: bool) -> None:
    assert (is_blocked(message), is_nondeterminism(message)) == (blocked, nondeterminism)


@pytest.mark.parametrize(
    ("message", "has"),
    [
        (
            "Activity function review for workflow Blog is not registered on this worker, "
            "available activities: draft, publish",
            ["draft", "publish"],
        ),
        ("Workflow class Blog is not registered on this worker, available workflows: Trip", ["Trip"]),
        ('Activity function review is not registered on this Worker, available activities: ["draft"]', ["draft"]),
        ("unable to find activityType=review. Supported types: [draft, publish]", ["draft", "publish"]),
        ('Activity Type "review" is not registered with a worker. Known types are: draft', ["draft"]),
        ("unable to find workflow type: Blog. Supported types: []", []),
        ("Unknown workflow type: Blog", []),
    ],
)
def test_a_worker_says_that_it_does_not_have_a_type(message: str, has: list[str]) -> None:
    assert is_unregistered(message)
    assert registered_types(message) == has


@pytest.mark.parametrize("message", ["the user is not registered", "no such function", ""])
def test_what_a_program_fails_with_itself_says_nothing_of_types(message: str) -> None:
    assert not is_unregistered(message)
    assert registered_types(message) == []


@pytest.mark.parametrize(
    ("message", "otherwise"),
    [
        ("Failed decoding arguments", True),
        ("book() missing 1 required positional argument: 'city'", True),
        ("book() takes 1 positional argument but 2 were given", True),
        ("cook() missing 1 required positional argument: 'pot'", False),
        ("the city is missing", False),
    ],
)
def test_a_worker_says_that_an_activity_takes_other_arguments(message: str, otherwise: bool) -> None:
    assert takes_otherwise(message, "book") is otherwise
