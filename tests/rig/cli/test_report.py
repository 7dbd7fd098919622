"""``crashproof report`` shows what a run came to, compares it with another, and writes its files elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from harness.cli.report import report
from harness.records import store as folders
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import SweepResult
from harness.report.files import keep
from tests.rig.cli.test_judge import FORMS, finished
from tests.unit.report.samples import FAILED, PASSED
from tests.unit.report.shapes import unlike


def run_of(folder: Path, *sweeps: SweepResult) -> Path:
    """Write the folder of a run that came to that."""
    scenarios = tuple(DeclaredScenario(name=each.scenario) for each in sweeps)
    record = RunRecord(command=("crashproof",), cwd=str(folder), started=1.0, finished=2.0, scenarios=scenarios)
    folders.save_run(folder, RunRecord(**{**vars(record), "sweeps": sweeps}))
    keep(sweeps, folder=folder)
    return folder


def shown(*arguments: Path | str) -> Result:
    return CliRunner().invoke(report, [str(each) for each in arguments], standalone_mode=False)


def test_it_shows_what_the_run_came_to_and_leaves_with_its_status(tmp_path: Path) -> None:
    for number, (sweep, said) in enumerate(((PASSED, "PASS: "), (FAILED, "FAIL: "))):
        done = shown(run_of(tmp_path / str(number), sweep))
        assert done.stdout.splitlines()[-1].startswith(said)
        assert done.return_value == sweep.outcome.exit_status


def test_it_says_what_is_new_beside_another_run(tmp_path: Path) -> None:
    now, before = run_of(tmp_path / "now", FAILED), run_of(tmp_path / "before", PASSED)
    assert "1 new, 0 still there" in shown(now, "--compare", before).stdout
    document = json.loads(shown(before, "--compare", now, "-o", "json").stdout)
    assert unlike(document, "run") == []
    assert [each["check"] for each in document["compared"]["mended"]] == ["effects-happen-once"]


def test_it_writes_the_files_where_they_are_wanted(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", FAILED)
    shown(run, "--report-dir", tmp_path / "artifacts" / "crashproof")
    assert sorted(os.listdir(tmp_path / "artifacts" / "crashproof")) == sorted(FORMS)
    (tmp_path / "taken").touch()
    assert "no reports can be written" in str(shown(run, "--report-dir", tmp_path / "taken").exception)


def test_what_a_run_left_that_did_not_come_to_its_end_is_judged(tmp_path: Path) -> None:
    done = shown(finished(tmp_path))
    assert "the run did not come to its end: this is what it left" in done.stderr
    assert done.return_value == 3
