"""Budgets are read from words."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.replay.explore.move import DEFAULT_BUDGETS, Move, budgets_of


def test_a_budget_is_changed_by_its_name_and_trouble_follows() -> None:
    assert budgets_of(()) == DEFAULT_BUDGETS
    assert budgets_of(["fail=2"]) == {**DEFAULT_BUDGETS, "fail": 2, "trouble": 2}
    assert budgets_of(["fail=2", "trouble=1", "twice=1"]) == {**DEFAULT_BUDGETS, "fail": 2, "twice": 1}


@pytest.mark.parametrize(
    ("word", "said"),
    [("fial=1", "did you mean 'fail'?"), ("fail", "is not NAME=TIMES"), ("fail=-1", "is not NAME=TIMES")],
)
def test_what_is_no_budget_is_refused(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=".*" + said.replace("?", r"\?")):
        budgets_of([word])


def test_moves_are_equal_whatever_their_words() -> None:
    assert Move(kind="fire", subject="timer#1", words="timer.1 fires") == Move(kind="fire", subject="timer#1")
    assert Move(kind="fail", subject="charge#1", detail="attempts").name == "fail/charge#1/attempts"
