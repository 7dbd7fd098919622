"""What a few of Python's own functions give is known without their being called on anything of the user's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from harness.audit.made_up_values import NOT_KNOWN
from harness.audit.plain_values import of_attribute, of_function, of_method, of_operation


@pytest.mark.parametrize(
    ("sign", "left", "right"),
    [
        ("*", "a", 10**9),
        ("*", [0], 10**9),
        ("+", 10**16, 1),
        ("**", 2, 3),
        ("/", 1, 0),
        ("+", "a", 1),
        ("%", "%d", "x"),
    ],
)
def test_what_is_no_arithmetic_or_too_large_is_not_known(sign: str, left: object, right: object) -> None:
    assert of_operation(sign, left, right) is NOT_KNOWN


def test_durations_are_multiplied() -> None:
    assert of_operation("*", 2, timedelta(days=1)) == timedelta(days=2)


@pytest.mark.parametrize(
    "value",
    [
        of_function("builtins.open", ["x"], {}),
        of_function("builtins.int", ["x"], {}),
        of_function("builtins.str", [NOT_KNOWN], {}),
        of_function("random.choice", [[]], {}),
        of_method("x", "encode", []),
        of_method(NOT_KNOWN, "upper", []),
        of_method("{x}", "format", []),
        of_attribute("x", "hex"),
    ],
)
def test_other_functions_and_arguments_that_do_not_fit_are_not_known(value: object) -> None:
    assert value is NOT_KNOWN
