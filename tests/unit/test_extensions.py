"""Modules of other packages are named by entry points, and their values are collected as crashproof's own are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from harness import extensions
from harness.errors import UsageError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages are installed, empty at first."""
    monkeypatch.syspath_prepend(tmp_path)
    extensions.installed.cache_clear()
    yield tmp_path
    extensions.installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("other_")]:
        del sys.modules[name]


def install(folder: Path, entry_points: str) -> None:
    about = folder / "other-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_points)


def test_the_modules_of_one_kind_come_in_the_order_of_their_names(installed: Path) -> None:
    (installed / "other_checks.py").write_text("KIND = 'checks'")
    (installed / "other_faults.py").write_text("KIND = 'faults'")
    (installed / "other_more_faults.py").write_text("KIND = 'more faults'")
    faults = "[crashproof.faults]\nb = other_faults\na = other_more_faults\n"
    install(installed, f"{faults}[crashproof.checks]\na = other_checks\n")
    assert [module.KIND for module in extensions.installed("faults")] == ["more faults", "faults"]
    assert [module.KIND for module in extensions.installed("checks")] == ["checks"]
    assert extensions.installed("reports") == ()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "ModuleNotFoundError: No module named 'other_faults'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_one_that_cannot_be_imported_is_named_with_its_package(
    installed: Path, source: str | None, reason: str
) -> None:
    if source:
        (installed / "other_faults.py").write_text(source)
    install(installed, "[crashproof.faults]\na = other_faults\n")
    with pytest.raises(UsageError) as raised:
        extensions.installed("faults")
    assert str(raised.value) == (
        f"the extension other_faults (crashproof.faults of other) cannot be imported: {reason}"
    )


def test_the_modules_of_a_package_come_in_the_order_of_their_names() -> None:
    names = [module.__name__ for module in extensions.modules_of(metadata)]
    assert names == sorted(names)
    assert "importlib.metadata._meta" in names


def test_public_values_of_a_type_are_collected_once_as_they_are_written() -> None:
    first, second = ModuleType("first"), ModuleType("second")
    vars(first).update(b=Path("b"), a=Path("a"), text="a", _own=Path("own"))
    vars(second).update(c=Path("c"), again=first.__dict__["a"])
    assert extensions.values_in([first, second], Path) == (Path("b"), Path("a"), Path("c"))


def test_two_of_the_same_name_are_refused() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    assert list(extensions.by_name([Named("b"), Named("a")], what="faults")) == ["b", "a"]
    with pytest.raises(UsageError, match="two faults are called 'a'"):
        extensions.by_name([Named("a"), Named("a")], what="faults")
