"""Billing: what model calls that the strikes of a sweep made twice cost, in calls, tokens and money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.checks.model_calls import Bill
from harness.records.prices import Price, price_of


def billed_twice(bills: Mapping[str, Bill], prices: Sequence[Price]) -> list[str]:
    """Say what was billed twice, in a sentence or two; nothing where nothing was.

    Args:
        bills: The bills of the trials with a strike, by trial.
        prices: The prices that the user gives.
    """
    calls = sum(bill.calls for bill in bills.values())
    again = sum(bill.calls_again for bill in bills.values())
    if not again:
        return []
    asked, answered = Counter[str](), Counter[str]()
    for bill in bills.values():
        for model, each in bill.again.items():
            asked[model] += each.asked
            answered[model] += each.answered
    most = max(bills, key=lambda trial: bills[trial].calls_again)
    tokens = sum(bill.tokens_again for bill in bills.values())
    return [
        f"Billed twice: {again:,} of {calls:,} model calls in trials with a strike, {tokens:,} tokens"
        f"{_money(asked, answered, prices)}; most in trial {most} ({bills[most].calls_again})."
    ]


def _money(asked: Counter[str], answered: Counter[str], prices: Sequence[Price]) -> str:
    if not prices:
        return ""
    known = {model: price for model in asked if (price := price_of(model, prices))}
    cost = sum(price.of(asked=asked[model], answered=answered[model]) for model, price in known.items())
    unknown = [model for model in asked if model not in known]
    beside = f" without {', '.join(unknown)}, of which no price is given" if unknown else ""
    return f", {cost:,.4f} by your prices{beside}"
