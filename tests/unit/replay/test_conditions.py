"""The conditions of each way to replay, and how they are chosen by name or by the cause that they try."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.processes.forkserver.pool import SEEDS
from harness.replay.conditions import COLD, IN_PROCESS, IN_SWEEP, PLAIN, THROUGH_DOOR, WARM, chosen_conditions, mixes


def test_conditions_have_names_of_their_own_and_the_plain_one_comes_first() -> None:
    assert IN_PROCESS[0] is PLAIN
    assert len({each.name for each in IN_PROCESS}) == len(IN_PROCESS) >= 8
    assert all(set(PLAIN.environment) <= set(each.environment) for each in IN_PROCESS)


def test_conditions_through_the_door_begin_with_the_reference_and_have_names_of_their_own() -> None:
    assert THROUGH_DOOR[:2] == (WARM, COLD)
    assert len({each.name for each in THROUGH_DOOR}) == len(THROUGH_DOOR)
    assert {each.environment["TZ"] for each in THROUGH_DOOR} == {"UTC", "XST-14"}


def test_conditions_are_chosen_by_name_or_group_and_the_reference_is_always_among_them() -> None:
    assert chosen_conditions([]) == chosen_conditions(["all"]) == IN_PROCESS
    assert [each.name for each in chosen_conditions(["hash seed", "locale"])] == [
        "plain",
        "hash seed 1",
        "hash seed 2",
        "hash seed 3",
        "locale",
    ]
    of_door = chosen_conditions(["hash seed"], of=THROUGH_DOOR, always=(WARM, COLD))
    assert [each.name for each in of_door] == ["warm", "cold", "hash seed 1"]


def test_condition_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(
        UsageError, match=r"there is no condition 'hash sed' \(did you mean 'hash seed'\?\); known: all, "
    ):
        chosen_conditions(["hash sed"])
    with pytest.raises(UsageError, match="with --worker there is no condition 'watched'"):
        chosen_conditions(["watched"], of=THROUGH_DOOR, way="with --worker ")


def test_conditions_that_fit_together_are_one_and_need_few_processes() -> None:
    mixed = mixes(IN_PROCESS)
    assert sorted(part.name for mix in mixed for part in mix.parts) == sorted(each.name for each in IN_PROCESS)
    assert len({each.process for each in IN_PROCESS}) == 9
    assert len({mix.condition.process for mix in mixed}) == len({mix.condition.process for mix in mixes(IN_SWEEP)}) == 4
    assert mixed[0].parts == (PLAIN,)
    first = next(mix for mix in mixed if len(mix.parts) > 1)
    assert {part.group for part in first.parts} == {"process", "hash seed", "time zone", "locale", "wall clock"}
    environment = first.condition.environment
    assert (environment["PYTHONHASHSEED"], environment["TZ"], environment["LC_ALL"]) == ("1", "XST-14", "C")
    assert first.condition.fresh
    assert first.condition.clock


def test_those_of_two_processes_of_a_sweep_are_made_where_workers_are_forked() -> None:
    beside = [mix.condition for mix in mixes(IN_SWEEP) if mix.condition.fits_beside_worker]
    assert [each.name for each in beside] == ["hash seed 2, time zone west", "hash seed 3"]
    assert tuple(each.environment["PYTHONHASHSEED"] for each in beside) == SEEDS


def test_conditions_that_contradict_each_other_and_a_single_one_stay_alone() -> None:
    seeds = chosen_conditions(["hash seed"])
    assert [(mix.condition, mix.parts) for mix in mixes(seeds)] == [(each, (each,)) for each in seeds]
