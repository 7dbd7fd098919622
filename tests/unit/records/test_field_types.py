"""What a scenario is declared with has the types that it declares, and else is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Scenario, start
from harness.errors import UsageError
from harness.records.scenario import Reached, Send, Start, Starter


def declared(**more: Any) -> Scenario:
    return Scenario(**{"worker": "python w.py", "work": start("W"), **more})


@pytest.mark.parametrize(
    "more",
    [
        {"skip_checks": ["a"], "faults": ("all",), "checks": ["b", object()]},
        {"fails": None, "over": Reached(point="x"), "time_limit": 5},
        {"env": {"A": "b"}, "sends": [Send(kind="pass", seconds=1)], "work": Starter()},
    ],
)
def test_what_is_meant_is_taken(more: dict[str, Any]) -> None:
    assert declared(**more).worker == "python w.py"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"skip_checks": 1}, "Scenario(skip_checks=1): skip_checks must be a list of texts"),
        ({"skip_checks": "replays"}, "skip_checks must be a list of texts"),
        ({"faults": [1]}, "faults must be a list of texts"),
        ({"checks": None}, "checks must be a list"),
        ({"worker": ["python"]}, "worker must be a text"),
        ({"work": "W"}, "work must be a Start or a Starter"),
        ({"sends": ["go"]}, "sends must be a list of Sends"),
        ({"over": "after/x"}, "over must be a Reached or None"),
        ({"fails": 3}, "fails must be a text or None"),
        ({"env": {"A": 1}}, "env must be a dictionary of texts"),
        ({"time_limit": "5"}, "time_limit must be a number"),
        ({"time_limit": True}, "time_limit must be a number"),
        ({"time_limit": float("nan")}, "time_limit must be a number"),
        ({"time_limit": 0}, "time_limit must be more than 0 seconds"),
        ({"falls_back": "no"}, "falls_back must be True or False"),
    ],
)
def test_another_type_is_told_in_words(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        declared(**more)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Send(kind="poke"), "kind must be 'signal' or 'query' or 'update' or 'cancel' or 'pass'"),  # type: ignore[arg-type]
        (lambda: Start(workflow=1), "workflow must be a text"),  # type: ignore[arg-type]
        (lambda: Reached(point="x", times=1.5), "times must be a whole number"),  # type: ignore[arg-type]
    ],
)
def test_so_it_is_with_the_parts_of_a_scenario(make: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()
