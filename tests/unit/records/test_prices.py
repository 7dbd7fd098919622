"""Prices are read from the user's own files, and a model has the price of its name or of the pattern that fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.records.prices import Price, find_prices, load_prices, price_of

SMALL, LARGE = Price(model="gpt-small", input=1, output=2), Price(model="gpt-*", input=10, output=20)


def written(folder: Path, text: str, name: str = "prices.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_tokens_cost_what_a_million_of_them_does() -> None:
    assert SMALL.of(asked=1_000_000, answered=500_000) == 2.0


@pytest.mark.parametrize(("model", "price"), [("gpt-small", SMALL), ("gpt-5", LARGE), ("claude", None)])
def test_a_name_goes_before_a_pattern(model: str, price: Price | None) -> None:
    assert price_of(model, (LARGE, SMALL)) == price


@pytest.mark.parametrize("head", ["[prices]", "[tool.crashproof.prices]"])
def test_a_file_gives_prices(tmp_path: Path, head: str) -> None:
    assert load_prices(written(tmp_path, f'{head}\n"gpt-*" = {{ input = 10, output = 20.0 }}')) == (LARGE,)


def test_the_nearest_pyproject_gives_them_unasked(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".git").mkdir()
    assert find_prices(inner) == ()
    written(tmp_path, '[tool.crashproof.prices]\n"gpt-*" = { input = 10, output = 20 }', "pyproject.toml")
    assert find_prices(inner) == (LARGE,)
    written(inner, "[tool.other]", "pyproject.toml")
    assert find_prices(inner) == (LARGE,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has no \[prices\] and no \[tool.crashproof.prices\]"),
        ("[prices]", "prices are a table of lines"),
        ("prices = 3", "prices are a table of lines"),
        ("tool = 3", r"has no \[prices\]"),
        ("[prices]\ngpt = 3", "the price of 'gpt' must be"),
        ("[prices]\ngpt = { input = 1 }", "the price of 'gpt' must be"),
        ("[prices]\ngpt = { input = 1, output = -1 }", "the price of 'gpt' must be"),
        ("[prices]\ngpt = { input = 1, output = nan }", "the price of 'gpt' must be"),
        ("[prices", "is no TOML"),
    ],
)
def test_what_gives_no_prices_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_prices(written(tmp_path, text))
