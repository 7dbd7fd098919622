"""Evidence is judged anew where that is asked for; what was judged before an interruption counts as it was."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.app.judge import baselines, judge
from harness.app.progress import silent
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.run_record import DeclaredScenario, begin
from harness.records.sweep_result import News
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from tests.unit.checks.build import Story, killed

CHECK = "effects-happen-once"
SEEN = Finding(check=CHECK, message="charge happened 2 times, expected once")


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """The folder of a run that was interrupted: one trial was judged to have failed, which today's check would not."""
    names = ("trip", "never begun")
    scenarios = tuple(DeclaredScenario(name=name, checks=(CHECK,)) for name in names)
    folders.save_run(tmp_path, begin(scenarios=scenarios, options={}, server={}))
    baseline = Story()
    baseline.effect("charge", {"order": 17}, task=baseline.activity("charge"))
    struck = killed()
    struck.effect("charge", {"order": 17}, task=struck.activity("charge"))
    struck.strike()
    for trial, story in (("000001", baseline), ("000002", struck), ("000003", struck)):
        evidence = replace(story.close().evidence(), trial=trial, scenario="trip")
        folders.save_evidence(tmp_path / "trials" / trial, evidence)
        if trial == "000002":
            judgement = Judgement(check=CHECK, outcome=Outcome.FAIL, findings=(SEEN,))
            verdict = Verdict(trial=trial, scenario="trip", plan=evidence.plan, struck=True, judgements=(judgement,))
            folders.save_verdict(tmp_path / "trials" / trial, verdict)
    return tmp_path


def outcomes(folder: Path, *, anew: bool) -> dict[str, Outcome]:
    swept, never = judge(folder, tell=silent, anew=anew).sweeps
    assert never.reason
    return {verdict.trial: verdict.outcome for verdict in swept.verdicts}


def test_what_was_judged_counts_unless_it_is_to_be_judged_anew(interrupted: Path) -> None:
    kept, anew = (outcomes(interrupted, anew=anew) for anew in (False, True))
    assert (kept["000002"], anew["000002"]) == (Outcome.FAIL, Outcome.PASS)
    assert kept["000001"] is anew["000001"] is Outcome.PASS
    assert (interrupted / "report.html").is_file()


def test_a_run_that_left_no_trial_shows_nothing(interrupted: Path) -> None:
    shutil.rmtree(interrupted / "trials")
    judged = judge(interrupted, tell=silent)
    assert [(each.outcome, each.verdicts) for each in judged.sweeps] == [(Outcome.UNKNOWN, ())] * 2


def test_how_far_it_is_is_told(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[News] = []
    monkeypatch.setattr("harness.app.judge._TELL_EVERY", -1.0)
    judge(interrupted, tell=told.append)
    assert [news.text for news in told] == [f"{done} of 3 trials judged" for done in (1, 2, 3)]


def test_baselines_are_the_undisturbed_trials_of_the_scenario(interrupted: Path) -> None:
    assert [evidence.trial for evidence in baselines(interrupted, "trip")] == ["000001"]
    with pytest.raises(UsageError, match="no undisturbed trial of 'never begun'"):
        baselines(interrupted, "never begun")
