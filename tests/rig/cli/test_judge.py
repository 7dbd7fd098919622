"""``crashproof judge`` over evidence written by hand: it writes the report anew, in whatever state a run was left."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.judge import judge
from harness.records import store as folders
from harness.records.act_facts import FaultMade
from harness.records.cut import Cut
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import UNFINISHED, SweepResult
from harness.records.tape import Entry
from harness.records.verdict import Judgement, Outcome, Verdict

FORMS = ("report.json", "report.sarif", "report.txt", "report.html", "report.junit.xml", "summary.md")
INAPPLICABLE = SweepResult(scenario="waits", inapplicable="it lets time pass, and the dev server cannot skip time")


BASELINE = Verdict(trial="1a2b3c", scenario="trip", plan=Plan(), struck=True)


def run_of(folder: Path, *names: str, swept: tuple[SweepResult, ...] = ()) -> Path:
    """Write the folder of a run of these scenarios."""
    declared = tuple(DeclaredScenario(name=name, checks=("history-well-formed",)) for name in names)
    record = RunRecord(command=("crashproof",), cwd=str(folder), started=1.0, scenarios=declared, sweeps=swept)
    folders.save_run(folder, record)
    (folder / "trials").mkdir()
    return folder


def finished(folder: Path) -> Path:
    """Write a run with one undisturbed trial of ``trip``, judged earlier, and a scenario that could not be run."""
    verdict = Verdict(
        trial="1a2b3c",
        scenario="trip",
        plan=Plan(),
        struck=True,
        judgements=(Judgement(check="history-well-formed", outcome=Outcome.FAIL),),
    )
    trip = SweepResult(scenario="trip", verdicts=(verdict,), points_only=True)
    made = run_of(folder, "trip", "waits", swept=(trip, INAPPLICABLE))
    folders.save_evidence(
        folder / "trials" / "1a2b3c", Evidence(trial="1a2b3c", scenario="trip", plan=Plan(), end="closed")
    )
    return made


def interrupted(folder: Path) -> Path:
    """Write a run that ended in the middle of ``trip``: there is evidence, and no word of what it came to."""
    made = run_of(folder, "trip")
    begun = Entry(at=1.0, kind="act", operation="strike", facts=FaultMade(fault="kill-worker", point="before/One"))
    struck = Plan((Strike("kill-worker", "before/One"),))
    for trial, plan, tape in (("1a2b3c", Plan(), ()), ("9f3a2c", struck, (begun,))):
        evidence = Evidence(trial=trial, scenario="trip", plan=plan, end="closed", tape=tape)
        folders.save_evidence(folder / "trials" / trial, evidence)
    return made


def judged(folder: Path) -> Result:
    return CliRunner().invoke(judge, [str(folder), "-o", "json"])


def test_the_report_is_written_anew_by_the_checks_of_today(tmp_path: Path) -> None:
    told = json.loads(judged(finished(tmp_path)).stdout)
    assert told["trials"]["verdicts"][0]["checks"] == {"history-well-formed": None}
    assert told["scenarios"][1]["inapplicable"] == INAPPLICABLE.inapplicable
    for name in FORMS:
        assert (tmp_path / name).is_file(), name
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["trials"] == told["trials"]


def test_a_report_that_cannot_be_written_is_shown_all_the_same(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    (folder / "report.txt").mkdir()
    done = judged(folder)
    assert json.loads(done.stdout)["trials"]["run"] == 1
    assert "crashproof: the report files stay as they were: " in done.stderr


def test_an_interrupted_run_has_the_points_that_its_trials_struck(tmp_path: Path) -> None:
    told = json.loads(judged(interrupted(tmp_path)).stdout)
    assert told["points"] == {"known": 1, "struck": 1, "unreachable": 0}
    assert told["faults"]["kill-worker"]["struck"] == 1
    assert told["outcome"] == "UNKNOWN"


def test_an_interrupted_run_that_kept_its_points_says_which_were_not_tried(tmp_path: Path) -> None:
    folder = interrupted(tmp_path)
    points = [Point(position="before", door="wire", operation=name) for name in ("One", "Two")]
    known = SweepResult(
        scenario="trip", cuts=tuple(Cut(point, fault="kill-worker") for point in points), reason=UNFINISHED
    )
    record = folders.load_run(folder)
    folders.save_run(folder, replace(record, sweeps=(replace(known, verdicts=(BASELINE,)),)))
    document = json.loads(judged(folder).stdout)
    assert document["points"] == {"known": 2, "struck": 1, "unreachable": 0}
    assert document["scenarios"][0]["untried"] == ["kill-worker@before/Two"]
    assert (document["outcome"], document["trials"]["run"]) == ("UNKNOWN", 2)
    text = (tmp_path / "report.txt").read_text()
    assert "1 point was not tried" in text


def test_a_point_that_was_not_reached_is_no_trial_of_the_report(tmp_path: Path) -> None:
    folder = interrupted(tmp_path)
    task = Plan((Strike("kill-worker", "before/RespondWorkflowTaskCompleted/Trip"),))
    folders.save_evidence(
        folder / "trials" / "77aa01", Evidence(trial="77aa01", scenario="trip", plan=task, end="closed")
    )
    document = json.loads(judged(folder).stdout)
    assert document["points"] == {"known": 1, "struck": 1, "unreachable": 1}
    assert document["trials"]["run"] == 2


@pytest.mark.parametrize("swept", [(), (INAPPLICABLE,)])
def test_a_scenario_that_a_run_never_came_to_is_unknown_and_no_error(
    tmp_path: Path, swept: tuple[SweepResult, ...]
) -> None:
    told = json.loads(judged(run_of(tmp_path, "trip", swept=swept)).stdout)
    (scenario,) = told["scenarios"]
    assert (told["outcome"], told["exit_status"]) == ("UNKNOWN", 3)
    assert scenario["reason"] == "the run ended before this scenario was finished"
