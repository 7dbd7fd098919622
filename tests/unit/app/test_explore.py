"""Explorations that were made on several machines are one exploration in the end, with its files where they are now."""

from __future__ import annotations

from pathlib import Path

from harness.app.explore import PLAN, RECORD, ExplorationRecord, put_together
from harness.records import files
from harness.records.explore_result import Explorations, ExploreResult
from harness.records.run_record import DeclaredScenario
from harness.records.verdict import Outcome


def explored(part: Path, name: str) -> Path:
    """Write what an exploration leaves of one scenario, made in a folder that is not here."""
    was = f"elsewhere/{name}"
    result = ExploreResult(scenario=name, states=3, paths=2, title=f"{was}/history.json")
    record = ExplorationRecord(
        cwd="elsewhere",
        scenarios=(DeclaredScenario(name=name),),
        explored=Explorations(results=(result,), folder=was, seconds=1.5),
    )
    files.write_json(part / RECORD, record)
    files.write_json(part / f"of-{name}" / PLAN, {"history": f"{was}/history.json"})
    return part


def test_explorations_of_several_machines_are_put_together(tmp_path: Path) -> None:
    parts = [explored(tmp_path / name, name) for name in ("trip", "tour")]
    whole = put_together(parts, out=tmp_path / "out")
    assert [each.scenario for each in whole.results] == ["trip", "tour"]
    assert (whole.seconds, whole.outcome) == (3.0, Outcome.PASS)
    place = tmp_path / "out" / "latest"
    assert [each.title for each in whole.results] == [f"{whole.folder}/history.json"] * 2
    assert files.read_json(place / RECORD, ExplorationRecord).explored == whole
    assert {file.parent.name for file in place.glob(f"*/{PLAN}")} == {"of-trip", "of-tour"}
    assert all(whole.folder in file.read_text() for file in place.glob(f"*/{PLAN}"))
    assert (place / "report.html").is_file()
