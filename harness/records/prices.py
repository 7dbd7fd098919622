"""Prices of models, as the user gives them: what tokens that are billed twice cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.records.toml_entries import read_configuration

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs, in whatever currency the user counts in.

    Attributes:
        model: Name of the model, or a ``*`` pattern.
        input: Price of a million tokens that are asked with.
        output: Price of a million tokens that are answered with.
    """

    model: str
    input: float
    output: float

    def of(self, *, asked: int, answered: int) -> float:
        """Return the price of so many tokens."""
        return (asked * self.input + answered * self.output) / _MILLION


def price_of(model: str, prices: Sequence[Price]) -> Price | None:
    """Return the price of a model: the one of its name, else the first whose pattern matches, else None."""
    return next((price for price in prices if price.model == model), None) or next(
        (price for price in prices if fnmatchcase(model, price.model)), None
    )


def load_prices(file: Path) -> tuple[Price, ...]:
    """Return the prices that a file gives, in ``[prices]`` or, as pyproject.toml does, in ``[tool.crashproof.prices]``.

    Raises:
        UsageError: It is missing, no TOML, gives none, or something else than prices.
    """
    table = _table(file)
    if table is None:
        raise UsageError(f"{file} has no [prices] and no [tool.crashproof.prices]")
    return _prices(table, file)


def find_prices(start: Path) -> tuple[Price, ...]:
    """Return the prices that the pyproject.toml of the nearest folder, from this one upwards, gives; none without one.

    Raises:
        UsageError: It gives something else than prices.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return _prices(table, file)
        if (folder / ".git").exists():
            break
    return ()


def _table(file: Path) -> Any:
    read = read_configuration(file)
    if "prices" in read:
        return read["prices"]
    for name in ("tool", "crashproof"):
        read = read.get(name, {})
        if not isinstance(read, dict):
            return None
    return read.get("prices")


def _prices(table: Any, file: Path) -> tuple[Price, ...]:
    wanted = '"NAME" = { input = 2.5, output = 10 } (for a million tokens)'
    if not isinstance(table, dict) or not table:
        raise UsageError(f"{file}: prices are a table of lines {wanted}")
    for model, price in table.items():
        if (
            not isinstance(price, dict)
            or price.keys() != {"input", "output"}
            or not all(map(_is_price, price.values()))
        ):
            raise UsageError(f"{file}: the price of {model!r} must be {wanted}, got {price!r}")
    return tuple(Price(model=model, input=price["input"], output=price["output"]) for model, price in table.items())


def _is_price(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0
