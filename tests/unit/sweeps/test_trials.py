"""A trial is complete once it was judged; what an interruption left of another one is run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from harness.errors import KilledError, RigError
from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.verdict import Verdict
from harness.sweeps.trials import Trials
from harness.sweeps.turns import Turns
from harness.trial.deadline import Bounds
from tests.unit.checks.build import Story

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


def test_the_first_baseline_starts_its_workers_cold(tmp_path: Path) -> None:
    run = Asked()
    evidence(tmp_path, run, Plan(), KILL, Plan(KILL.strikes, real_time=True))
    assert run.cold == [True, False, False]
    evidence(tmp_path, run, KILL, cold=True)
    assert run.cold[-1]


def unanswered(operation: str) -> Exception:
    """Return what a call raises that a server does not answer in time, out of the group of tasks that made it."""
    error = grpc.aio.AioRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, grpc.aio.Metadata(), grpc.aio.Metadata())
    error.add_note(operation)
    return ExceptionGroup("of a trial", [error])


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    ("lost", "told_as"),
    [
        (lambda number: KilledError(f"kill {number}"), "kill {}"),
        (lambda number: unanswered(f"Call{number}"), "the Temporal server did not answer Call{} of crashproof's own"),
    ],
    ids=["killed", "unanswered"],
)
def test_a_trial_that_a_kill_or_a_silent_server_disturbed_is_run_once_more_from_an_empty_folder(
    tmp_path: Path, lost: Callable[[int], Exception], told_as: str, times: int
) -> None:
    left = [lost(number) for number in range(times)]
    told, begun = [], []

    async def run(*, folder: Path, **how: Any) -> Evidence:
        begun.append((folder / "logs").exists())
        (folder / "logs").mkdir(parents=True)
        if left:
            raise left.pop(0)
        return Evidence(trial=how["trial"], scenario="trip", plan=how["plan"], end="closed")

    async def ask() -> Evidence:
        def again(plan: Plan, why: RigError) -> None:
            told.append((plan, str(why)))

        options = SweepOptions()
        trials = Trials(
            TRIP, run=run, folder=tmp_path, turns=Turns(1), options=options, stopped=lambda: False, again=again
        )
        async with trials.at_work():
            return await trials.run(KILL, trial="t", bounds=Bounds(limit=1.0))

    if times > 1:
        with pytest.raises(RigError, match=told_as.format(1)):
            asyncio.run(ask())
    else:
        assert asyncio.run(ask()).end == "closed"
    assert begun == [False, False]
    assert told == [(KILL, told_as.format(0))]


@pytest.mark.parametrize(("ports", "most"), [(("7233", "7233"), 1), (("7233", "7234"), 2)])
async def test_trials_of_all_scenarios_whose_workers_insist_on_a_port_run_one_at_a_time(
    tmp_path: Path, ports: tuple[str, str], most: int
) -> None:
    turns, under_way, seen = Turns(8), set[str](), set[int]()

    async def run(**how: Any) -> Evidence:
        under_way.add(how["trial"])
        for _ in range(9):
            seen.add(len(under_way))
            await asyncio.sleep(0)
        under_way.discard(how["trial"])
        return Evidence(trial=how["trial"], scenario="trip", plan=how["plan"], end="closed")

    async def swept(host: str, port: str) -> None:
        scenario = replace(TRIP, address=f"{host}:{port}")
        trials = Trials(scenario, run=run, folder=tmp_path, turns=turns, options=SweepOptions(), stopped=lambda: False)
        async with trials.at_work():
            await asyncio.gather(
                *(trials.evidence(KILL, trial=f"{host}-{number}", bounds=Bounds(limit=1.0)) for number in range(2))
            )

    await asyncio.gather(*map(swept, ("localhost", "127.0.0.1"), ports))
    assert max(seen) == most


async def test_a_trial_whose_activity_failed_by_chance_is_run_again(tmp_path: Path) -> None:
    done = Plan((Strike("kill-worker", "before/RespondActivityTaskCompleted/Agent/book.1/attempt-1"),))
    again: list[str] = []

    async def run(**how: Any) -> Evidence:
        story = Story(plan=done)
        task = story.activity("book")
        return (story.complete(task) if len(again) == chances else story.fail(task)).evidence()

    for chances in (1, 2, 3):
        again.clear()
        trials = Trials(
            TRIP,
            run=run,
            folder=tmp_path,
            turns=Turns(1),
            options=SweepOptions(),
            stopped=lambda: False,
            again=lambda plan, why: again.append(str(why)),
        )
        async with trials.at_work():
            await trials.run(done, trial="t", bounds=Bounds(limit=1.0))
        assert again == ["an activity failed before its point came, and no strike was the cause"] * min(chances, 2)


async def test_why_a_trial_ended_is_kept_without_what_the_worker_was_given(tmp_path: Path) -> None:
    given = "postgres canary"

    async def run(**how: Any) -> Evidence:
        why = f"the worker exited by itself with status 1: cannot open {given}"
        return Evidence(trial=how["trial"], scenario="trip", plan=how["plan"], end="stopped", end_reason=why)

    scenario = replace(TRIP, env={"DATABASE": given})
    options = SweepOptions()
    trials = Trials(scenario, run=run, folder=tmp_path, turns=Turns(1), options=options, stopped=lambda: False)
    async with trials.at_work():
        kept = await trials.run(KILL, trial=KILL.trial_id("trip"), bounds=Bounds(limit=1.0))
    assert kept.end_reason == "the worker exited by itself with status 1: cannot open …"


@pytest.mark.parametrize(("time_limit", "another_begins"), [(0.0, True), (60.0, False)])
async def test_a_sweep_whose_time_is_limited_lets_no_other_begin_while_it_waits_for_quiet(
    time_limit: float, another_begins: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.sweeps.places._UNDER_WAY", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    turns, began = Turns(1), asyncio.Event()

    async def another() -> None:
        async with turns.places.one():
            began.set()

    options = SweepOptions(time_limit=time_limit)
    trials = Trials(TRIP, run=Asked(), folder=tmp_path, turns=turns, options=options, stopped=lambda: False)
    async with turns.places.one():
        beside = asyncio.create_task(another())
        async with trials.place_left():
            for _ in range(20):
                await asyncio.sleep(0)
            assert began.is_set() is another_begins
    await beside
