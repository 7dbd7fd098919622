"""Faults that somebody asks for are met one after the other, each as often as it says."""

from __future__ import annotations

import pytest

from harness.doors.model.due_faults import DueFaults
from harness.errors import UsageError


def met(due: DueFaults, calls: int) -> list[tuple[str, int]]:
    seen = []
    for _ in range(calls):
        fault, turn = due.next
        seen.append((fault.name if fault else "", turn))
        if fault:
            due.met()
    return seen


def test_each_is_met_as_often_as_it_says_and_then_the_next() -> None:
    due = DueFaults("model")
    due.add("model-429-seconds")
    due.add("model-reset")
    assert met(due, 3) == [("model-429-seconds", 1), ("model-reset", 1), ("", 0)]


def test_one_that_never_heals_stays() -> None:
    due = DueFaults("model")
    due.add("model-outage")
    due.add("model-reset")
    assert met(due, 3) == [("model-outage", 1), ("model-outage", 2), ("model-outage", 3)]


@pytest.mark.parametrize("name", ["kill-server", "effect-reply-lost", "model-refused", "model-unknown-name"])
def test_what_a_door_cannot_make_by_its_answer_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is no fault that the model can make by its answer"):
        DueFaults("model").add(name)
