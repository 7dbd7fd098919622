"""A trial is complete once it was judged; what an interruption left of another one is run again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from harness.campaign.trials import Trials
from harness.campaign.turns import Turns
from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.verdict import Verdict
from harness.trial.deadline import Bounds

TRIP = Scenario(name="trip", worker="python worker.py", work=start("Trip"))
KILL = Plan((Strike("kill-worker", "before/Pay/Trip"),))


class Asked:
    """Runs trials by returning evidence at once, and keeps how each was asked for."""

    def __init__(self) -> None:
        self.cold: list[bool] = []

    async def __call__(self, *, plan: Plan, trial: str, folder: Path, bounds: Bounds, cold: bool) -> Evidence:
        self.cold.append(cold)
        return Evidence(trial=trial, scenario="trip", plan=plan, end="closed")


def evidence(folder: Path, run: Asked, *plans: Plan, stopped: bool = False, cold: bool = False) -> list[bool]:
    """Ask for the trials of these plans, and return of which there is evidence."""

    async def ask() -> list[bool]:
        options = SweepOptions(cold=cold)
        trials = Trials(TRIP, run=run, folder=folder, turns=Turns(1), options=options, stopped=lambda: stopped)
        async with trials.at_work():
            asked = [trials.evidence(plan, trial=plan.trial_id("trip"), bounds=Bounds(limit=1.0)) for plan in plans]
            return [await each is not None for each in asked]

    return asyncio.run(ask())


def test_a_trial_is_run_again_until_it_was_judged(tmp_path: Path) -> None:
    run, trial = Asked(), KILL.trial_id("trip")
    assert evidence(tmp_path, run, KILL) == evidence(tmp_path, run, KILL) == [True]
    assert len(run.cold) == 2
    verdict = Verdict(trial=trial, scenario="trip", plan=KILL, struck=True)
    folders.save_verdict(tmp_path / "trials" / trial, verdict)
    assert evidence(tmp_path, run, KILL) == [True]
    assert len(run.cold) == 2


def test_a_limit_leaves_struck_trials_out_and_never_a_baseline(tmp_path: Path) -> None:
    assert evidence(tmp_path, Asked(), Plan(), KILL, stopped=True) == [True, False]


def test_the_first_baseline_and_trials_in_real_time_start_their_workers_cold(tmp_path: Path) -> None:
    run, patient = Asked(), Plan(KILL.strikes, real_time=True)
    evidence(tmp_path, run, Plan(), KILL, patient)
    assert run.cold == [True, False, True]
    evidence(tmp_path, run, KILL, cold=True)
    assert run.cold[-1]
