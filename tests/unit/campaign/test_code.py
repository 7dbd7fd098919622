"""The digest of the code under test: the same on machines that have the same, another one where anything differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.code import code_digest, python_digest

VERSIONS = {"temporalio": "1.32.0"}


def project(folder: Path) -> Path:
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "workflows.py").write_text("class Trip: ...\n")
    (folder / "retry_policy.json").write_text("{}")
    return folder


def test_the_same_code_has_the_same_digest_in_any_folder(tmp_path: Path) -> None:
    one, two = project(tmp_path / "one"), project(tmp_path / "two")
    assert code_digest(one, versions=VERSIONS) == code_digest(two, versions=VERSIONS)


def test_what_is_installed_cached_or_written_by_runs_does_not_count(tmp_path: Path) -> None:
    folder = project(tmp_path)
    before = code_digest(folder, versions=VERSIONS)
    for place in (".crashproof/runs", "node_modules/x", "app/__pycache__"):
        (folder / place).mkdir(parents=True)
        (folder / place / "more.py").write_text("x = 1")
    (folder / "venv" / "lib").mkdir(parents=True)
    (folder / "venv" / "pyvenv.cfg").write_text("")
    (folder / "venv" / "lib" / "more.py").write_text("x = 1")
    (folder / "notes.txt").write_text("later")
    (folder / "store" / "campaigns" / "nightly").mkdir(parents=True)
    (folder / "store" / "campaigns" / "nightly" / "asked.json").write_text('"run"')
    assert code_digest(folder, versions=VERSIONS) == before


def test_of_the_code_alone_what_lies_beside_it_does_not_count(tmp_path: Path) -> None:
    folder = project(tmp_path)
    before = python_digest(folder)
    (folder / "report.json").write_text("{}")
    assert python_digest(folder) == before
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "trip.py").write_text("x = 1")
    assert python_digest(folder) != before


@pytest.mark.parametrize("file", ["app/workflows.py", "app/activities.py", "retry_policy.json"])
def test_any_change_of_code_or_configuration_counts(file: str, tmp_path: Path) -> None:
    folder = project(tmp_path)
    before = code_digest(folder, versions=VERSIONS)
    (folder / file).write_text("changed")
    assert code_digest(folder, versions=VERSIONS) != before


def test_versions_count(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert code_digest(folder, versions=VERSIONS) != code_digest(folder, versions={"temporalio": "1.33.0"})
