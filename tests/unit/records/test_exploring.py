"""What a scenario says of how it is explored counts where the user says nothing else."""

from __future__ import annotations

import pytest

from harness import Scenario, UsageError, explores, start
from harness.replay.explore.exploring import ExploreOptions
from harness.replay.explore.move import budgets_of
from harness.replay.explore.search import Limits


def scenario(**said: int) -> Scenario:
    return Scenario(worker="python w.py", work=start("Trip"), explores=explores(**said), name="trip")


def test_what_the_scenario_says_counts() -> None:
    options = ExploreOptions().of(scenario(moves=9, twice=1))
    assert (options.limits.moves, options.budgets["twice"], options.budgets["fail"]) == (9, 1, 1)


def test_what_the_user_says_counts_more() -> None:
    asked = ExploreOptions(budgets=budgets_of(["fail=2"]), limits=Limits(moves=5))
    options = asked.of(scenario(moves=9, twice=1))
    assert (options.limits.moves, options.budgets["twice"], options.budgets["fail"]) == (5, 0, 2)


def test_a_budget_that_is_none_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match="did you mean 'twice'"):
        ExploreOptions().of(scenario(twise=1))
