"""What is expected is read once, and refused with what to write instead where it cannot be understood."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from harness.records.expectation import CountedEffect, UndoneEffect, counted_effect, expects, undone_effect


def test_everything_that_can_be_expected() -> None:
    expected = expects(result={"b": 1, "a": None}, effect=["charge=1 per order", "mail=2"], undone="book=cancel")
    assert expected.checks == (
        'expect-result:{"a": null, "b": 1}',
        "expect-effect:charge=1 per order",
        "expect-effect:mail=2",
        "undone:book=cancel",
    )
    assert expected.may_fail
    assert expects(result=None).checks == ("expect-result:null",)
    assert (expects().checks, expects().may_fail, expects(may_fail=True).may_fail) == ((), False, True)


def test_what_the_texts_say() -> None:
    assert counted_effect("charge=1 per order.id") == CountedEffect(effect="charge", count=1, field="order.id")
    assert counted_effect("mail=0") == CountedEffect(effect="mail", count=0)
    assert undone_effect("book=cancel per trip") == UndoneEffect(effect="book", undo="cancel", field="trip")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"effect": "charge once"}, "charge=1 per order"),
        ({"undone": "book"}, "book=cancel per trip"),
        ({"result": {1, 2}}, "JSON"),
    ],
)
def test_what_cannot_be_understood(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        expects(**given)
