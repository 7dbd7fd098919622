"""An effect that leaves by a file is a gap, a cut of its own, and, where the scenario names the file, an effect."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from harness import checks
from harness.checks.judging import judge
from harness.checks.lasting_effects import effects_of as lasting
from harness.records.cut import cuts
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.verdict import Outcome
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS
from tests.judged import passes

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKER = shlex.join([sys.executable, str(TESTS / "agents" / "bookkeeping.py")])
BOOKING = Scenario(name="booking", worker=WORKER, task_queue="bookings", work=start("Bookkeeping", "o-1"))
HANDED_OUT = "after/PollActivityTaskQueue/Bookkeeping/book.1/attempt-1"
COMPLETES = "before/RespondActivityTaskCompleted/Bookkeeping/book.1/attempt-1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


async def tried(scenario: Scenario, rig: Rig, folder: Path, *points: str, baseline: Evidence | None = None) -> Evidence:
    plan = Plan(tuple(Strike("kill-worker", point) for point in points))
    limits = bounds(baseline, plan, time_limit=100) if baseline else Bounds(limit=100, task_timeout=2)
    trial = plan.trial_id(scenario.name)
    return await run_trial(scenario, plan=plan, trial=trial, rig=rig, folder=folder / trial, bounds=limits)


def booking(name: str, folder: Path, *, keyed: bool) -> Scenario:
    audit = str(folder / f"{name}.db")
    env = {"AUDIT": audit, **({"KEYED": "1"} if keyed else {})}
    return replace(BOOKING, name=name, env=env, state=audit)


async def test_a_file_that_nobody_named_is_a_gap_and_what_was_done_before_it_a_cut_of_its_own(
    rig: Rig, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    audit = tmp_path / "project" / "audit.db"
    audit.parent.mkdir()
    scenario = replace(BOOKING, env={"AUDIT": str(audit), "PROJECT": str(audit.parent)})
    evidence = await tried(scenario, rig, tmp_path / "own")
    assert evidence.gaps == (f"the file {audit} is written",)
    points = [cut.point.id for cut in cuts(evidence.tape)]
    assert {HANDED_OUT, COMPLETES} <= set(points)
    assert points.index(COMPLETES) == points.index(HANDED_OUT) + 1


async def test_rows_without_a_key_are_doubled_and_named_and_rows_with_one_are_not(rig: Rig, tmp_path: Path) -> None:
    scenarios = [booking("doubled", tmp_path, keyed=False), booking("keyed", tmp_path, keyed=True)]
    baselines = await asyncio.gather(*(tried(each, rig, tmp_path / "own") for each in scenarios))
    struck = await asyncio.gather(
        *(
            tried(each, rig, tmp_path / "own", point, baseline=baseline)
            for each, baseline in zip(scenarios, baselines, strict=True)
            for point in (HANDED_OUT, COMPLETES)
        )
    )
    assert [baseline.gaps for baseline in baselines] == [(), ()]
    verdicts = [
        judge(evidence, baselines=[baselines[number // 2]], checks=checks.standard)
        for number, evidence in enumerate(struck)
    ]
    assert [passes(verdict) for verdict in verdicts] == [True, False, True, True]
    assert verdicts[1].outcome is Outcome.FAIL
    (finding,) = verdicts[1].findings
    assert finding.check == "effects-happen-once"
    assert finding.message == (
        "doubled.db bookings with {'key': None, 'ordered': 'o-1'} happened 2 times, expected once"
    )
    assert not list(tmp_path.glob("*.db"))


async def test_what_was_in_the_file_before_is_no_effect_and_is_there_again(rig: Rig, tmp_path: Path) -> None:
    scenario = booking("before", tmp_path, keyed=True)
    with sqlite3.connect(scenario.states[0]) as database:
        database.execute("create table bookings (id integer primary key, ordered text, key text unique)")
        database.execute("insert into bookings (ordered, key) values ('o-0', 'k')")
    evidence = await tried(scenario, rig, tmp_path / "own")
    assert [effect.name for effect in lasting(evidence)] == ["before.db bookings"]
    assert database.execute("select ordered from bookings").fetchall() == [("o-0",)]
    database.close()
