"""Batches: all plans are in one, large ones come first, and machines end at about the same time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import pytest

from harness.campaign.batches import MOST_LANES, SMALLEST, lanes_for, lanes_of_round, next_size, plans_a_lane


def sizes(plans: int, *, most: int, lanes: int) -> Iterator[int]:
    while plans:
        yield (size := next_size(plans, most=most, lanes=lanes))
        plans -= size


@pytest.mark.parametrize("plans", [1, 4, 5, 6, 99, 1_000])
@pytest.mark.parametrize("lanes", [1, 2, 8, 100])
def test_every_plan_is_in_one_batch_and_none_is_larger_than_asked(plans: int, lanes: int) -> None:
    cut = list(sizes(plans, most=50, lanes=lanes))
    assert sum(cut) == plans
    assert cut == sorted(cut, reverse=True)
    assert max(cut) <= 50
    assert min(cut[:-1], default=SMALLEST) >= min(SMALLEST, plans)


def test_one_machine_makes_few_batches() -> None:
    assert len(list(sizes(1_000, most=50, lanes=lanes_for(1)))) < 40


def test_lanes_are_bounded() -> None:
    assert [lanes_for(number) for number in (1, 10, 1_000)] == [2, 20, MOST_LANES]


@pytest.mark.parametrize("machines", [1, 10, 50])
def test_machines_end_at_about_the_same_time(machines: int) -> None:
    plans = 5_000
    free = [0.0] * machines
    for size in sizes(plans, most=50, lanes=lanes_for(machines)):
        heapq.heapreplace(free, free[0] + size)
    assert max(free) <= 1.1 * plans / machines


@pytest.mark.parametrize(("plans", "lanes"), [(1, 1), (19, 1), (40, 4), (1_000, 4)])
def test_few_plans_stay_on_few_machines_where_each_has_a_scenario(plans: int, lanes: int) -> None:
    assert lanes_of_round(plans, most=4, each=plans_a_lane(scenarios=8, at_a_time=4)) == lanes
    assert lanes_of_round(plans, most=4, each=plans_a_lane(scenarios=1, at_a_time=4)) == min(4, plans)
