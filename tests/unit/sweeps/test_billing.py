"""What was billed twice is told in calls, tokens and money, and nothing is where nothing was."""

from __future__ import annotations

from harness.checks.model_calls import Bill, Tokens
from harness.records.prices import Price
from harness.sweeps.billing import billed_twice

PRICES = (Price(model="gpt-*", input=2, output=10),)
BILLS = {
    "aa": Bill(calls=3, tokens=900, calls_again=1, again={"gpt-5": Tokens(1000, 200)}),
    "bb": Bill(calls=4, tokens=900, calls_again=2, again={"gpt-5": Tokens(1000, 0), "claude": Tokens(10, 5)}),
    "cc": Bill(calls=2, tokens=300),
}


def test_nothing_is_told_where_nothing_was_billed_twice() -> None:
    assert billed_twice({"cc": BILLS["cc"]}, PRICES) == billed_twice({}, PRICES) == []


def test_calls_and_tokens_are_told_without_prices() -> None:
    assert billed_twice(BILLS, ()) == [
        "Billed twice: 3 of 9 model calls in trials with a strike, 2,215 tokens; most in trial bb (2)."
    ]


def test_money_is_told_by_the_prices_given() -> None:
    assert billed_twice({"aa": BILLS["aa"]}, PRICES) == [
        "Billed twice: 1 of 3 model calls in trials with a strike, 1,200 tokens, 0.0040 by your prices; "
        "most in trial aa (1)."
    ]


def test_a_model_without_a_price_is_named() -> None:
    (sentence,) = billed_twice(BILLS, PRICES)
    assert "2,215 tokens, 0.0060 by your prices without claude, of which no price is given;" in sentence
