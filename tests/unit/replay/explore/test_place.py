"""Where a stack trace ends in the user's own code."""

from __future__ import annotations

import os

from harness.replay.explore.place import place_of, waiting_place

HERE = os.getcwd()
SDK = '  File "/venv/lib/python3.11/site-packages/temporalio/worker/_workflow_instance.py", line 9, in run_workflow\n'
RUN = f"Stack for <Task pending name='run (workflow: Trip, id: t)'> (most recent call last):\n{SDK}"
BESIDE = "Stack for <Task pending name='Task-3 (workflow: Trip, id: t)'> (most recent call last):\n"


def frame(line: int, function: str = "run") -> str:
    return f'  File "{HERE}/app/trip.py", line {line}, in {function}\n    await something\n'


def test_the_innermost_line_of_the_user_is_the_place() -> None:
    stack = SDK + frame(3) + frame(8, "book") + '  File "/usr/lib/python3.11/asyncio/tasks.py", line 1, in wait_for\n'
    assert place_of(stack) == "app/trip.py:8 in book"
    assert place_of(SDK) == ""


def test_the_run_method_tells_where_a_workflow_waits() -> None:
    assert waiting_place(f"{BESIDE}{frame(20, 'beside')}\n\n{RUN}{frame(5)}") == "app/trip.py:5 in run"


def test_tasks_beside_it_tell_where_the_run_method_shows_no_line() -> None:
    one, other = BESIDE + frame(20, "beside"), BESIDE + frame(12, "before")
    assert waiting_place(f"{one}\n\n{RUN}\n\n{other}") == "app/trip.py:12 in before"
    assert waiting_place(RUN) == ""


def test_a_stack_of_go_has_places() -> None:
    stack = (
        "coroutine root [blocked on chan-1.Receive]:\n"
        "go.temporal.io/sdk/internal.(*channelImpl).Receive(0x1)\n\t/go/pkg/mod/go.temporal.io/sdk/internal.go:9 +0x1\n"
        f"main.Trip(0x2)\n\t{HERE}/trip.go:31 +0x8c\n"
    )
    assert waiting_place(stack) == "trip.go:31 in Trip"
