"""Where a scenario is declared: its line, or the program of its worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records.run_record import DeclaredScenario
from harness.report.declared import declared_place


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trip.py").write_text('"""Trips."""\n\na = 1\ntrip: object = 2\nother = trip\n')
    (tmp_path / "cut.py").write_text("trip = (")
    (tmp_path / "app/sub").mkdir(parents=True)
    for name in ("app/worker.py", "app/sub/__main__.py", "worker.js"):
        (tmp_path / name).touch()


@pytest.mark.parametrize(("file", "line"), [("trip.py", 4), ("cut.py", 1), ("gone.py", 1)])
def test_a_scenario_of_a_file_is_at_its_line(file: str, line: int) -> None:
    place = declared_place(DeclaredScenario(name="trip", variable="trip", file=file))
    assert place
    assert (place.file, place.line) == (file, line)


@pytest.mark.parametrize(
    ("worker", "file"),
    [
        ("python app/worker.py --loud", "app/worker.py"),
        ("python -m app.worker", "app/worker.py"),
        ("python -m app.sub", "app/sub/__main__.py"),
        ("node worker.js", "worker.js"),
    ],
)
def test_one_of_options_is_at_its_worker(worker: str, file: str) -> None:
    place = declared_place(DeclaredScenario(name="trip", options={"worker": worker}))
    assert place
    assert (place.file, place.line) == (file, 1)


@pytest.mark.parametrize("worker", ["my-worker", "python -m gone", "python 'half"])
def test_of_others_nothing_is_known(worker: str) -> None:
    assert declared_place(DeclaredScenario(name="trip", options={"worker": worker})) is None
