"""crashproof refuses to run beside a Temporal SDK that it cannot use, and says what to do."""

from __future__ import annotations

import tomllib
from importlib import metadata

import pytest

from harness.errors import UsageError
from harness.temporal.sdk import NEEDED, is_enough, require_sdk
from tests import ROOT


def test_the_sdk_that_is_installed_here_is_enough() -> None:
    require_sdk()


def test_an_older_one_is_refused_with_the_remedy_and_the_way_for_its_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.20.0")
    with pytest.raises(UsageError) as raised:
        require_sdk()
    assert str(raised.value) == (
        "crashproof itself needs the Temporal SDK 1.32 or later, and runs beside temporalio 1.20.0: "
        "run `pip install 'temporalio[grpc]>=1.32'`. A worker may stay on an older one in an environment of its own: "
        "--worker '/path/to/its/python worker.py'"
    )


def test_one_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(UsageError, match="is not installed beside crashproof: run `pip install 'temporalio"):
        require_sdk()


@pytest.mark.parametrize(
    ("version", "enough"),
    [("1.31.9", False), ("1.32.0", True), ("1.100.0", True), ("2.0.0rc1", True), ("0.9", False), ("unknown", True)],
)
def test_versions_are_compared_as_numbers(version: str, enough: bool) -> None:
    assert is_enough(version) is enough


def test_pyproject_asks_for_the_same() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"temporalio[grpc]>={'.'.join(map(str, NEEDED))}" in dependencies
