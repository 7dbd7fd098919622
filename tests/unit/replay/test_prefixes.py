"""The prefixes of a long history that are asked: few enough, spread evenly, the first and the last among them."""

from __future__ import annotations

import pytest

from harness.replay.prefixes import evenly_chosen


@pytest.mark.parametrize(
    ("tasks", "most_events", "chosen"),
    [
        ([], 10, []),
        ([3, 9, 15], 27, [3, 9, 15]),
        ([3, 9, 15], 26, [3, 15]),
        ([3, 9, 15], 1, [3, 15]),
        ([3, 9, 15, 21, 27], 50, [3, 15, 27]),
        ([3, 9, 15, 21, 27, 33], 60, [3, 21, 33]),
    ],
)
def test_tasks_are_chosen_evenly_from_the_first_to_the_last(
    tasks: list[int], most_events: int, chosen: list[int]
) -> None:
    assert evenly_chosen(tasks, most_events=most_events) == chosen
