"""A sweep strikes every cut once, and ends well or with a reason; nothing it cannot do is passed over."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from harness import checks
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario, start
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Outcome
from harness.servers.binaries import find_temporal
from harness.sweeps.sweep import Sweep
from harness.sweeps.turns import Turns
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS

AGENTS = TESTS / "agents"
MARKING = Scenario(
    name="marking",
    worker=shlex.join([sys.executable, str(AGENTS / "hard_coded.py")]),
    task_queue="fixed",
    work=start("Marking", "ash"),
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


async def swept(
    rig: Rig, folder: Path, scenario: Scenario = MARKING, **options: object
) -> tuple[SweepResult, list[News]]:
    news: list[News] = []
    sweep = Sweep(
        scenario,
        checks=checks.standard,
        engine=rig.engine,
        run=partial(run_trial, scenario, rig=rig),
        folder=folder,
        turns=Turns(6),
        options=SweepOptions(**options),  # type: ignore[arg-type]
        tell=news.append,
    )
    return await sweep.run(), news


@pytest.mark.asyncio(loop_scope="module")
async def test_every_cut_is_struck_once_and_the_baseline_runs_twice(rig: Rig, tmp_path: Path) -> None:
    found, news = await swept(rig, tmp_path)
    assert found.outcome is Outcome.PASS, [verdict for verdict in found.verdicts if verdict.outcome != "PASS"]
    plans = [verdict.plan for verdict in found.verdicts]
    assert sum(not plan.strikes for plan in plans) == 2
    struck = [plan.strikes[0] for plan in plans if plan.strikes and not plan.real_time]
    assert sorted(map(str, struck)) == sorted(str(cut.strike) for cut in found.cuts) == sorted(map(str, found.struck))
    assert {strike.fault for strike in struck} == {"kill-worker"}
    # Two workflow tasks, one effect, one activity result: four outbound messages.
    assert len(found.cuts) == 4 + 1
    assert found.vacuous == 0
    assert news[-1].done == news[-1].total == len(found.verdicts)


@pytest.mark.asyncio(loop_scope="module")
async def test_only_the_points_asked_for_and_none_that_matches_is_unknown(rig: Rig, tmp_path: Path) -> None:
    found, _ = await swept(rig, tmp_path / "one", only=("after/effect.*",))
    assert [cut.point.id for cut in found.cuts] == ["before/RespondActivityTaskCompleted/Marking/mark.1/attempt-1"]
    none, _ = await swept(rig, tmp_path / "none", only=("before/effect.no*",))
    assert none.outcome is Outcome.UNKNOWN
    assert none.reason == "no point matches before/effect.no*; `--list` shows them"


@pytest.mark.asyncio(loop_scope="module")
async def test_work_that_is_not_over_undisturbed_is_not_swept(rig: Rig, tmp_path: Path) -> None:
    slow = replace(MARKING, name="slow", time_limit=0.01)
    found, _ = await swept(rig, tmp_path, slow)
    assert found.outcome is not Outcome.PASS
    assert all(not verdict.plan.strikes for verdict in found.verdicts)
    assert re.match("undisturbed, the work is (already )?not over: ", found.reason)  # nothing has begun, or something


@pytest.mark.asyncio(loop_scope="module")
async def test_each_fault_is_made_where_it_applies_and_the_others_are_told(rig: Rig, tmp_path: Path) -> None:
    found, _ = await swept(rig, tmp_path / "effect", faults=("effect-reply-lost", "heartbeat-lost", "model-429"))
    assert found.outcome is Outcome.PASS, [verdict for verdict in found.verdicts if verdict.outcome != "PASS"]
    lost = "effect-reply-lost@after/effect.mark/Marking/mark.1/attempt-1"
    assert [str(cut.strike) for cut in found.cuts] == [str(strike) for strike in found.struck] == [lost]
    assert [str(verdict.plan) for verdict in found.verdicts] == ["baseline", "baseline", lost]
    assert set(found.not_applicable) == {"heartbeat-lost", "model-429"}
    assert "no model message that it can meet" in found.not_applicable["model-429"]
    none, _ = await swept(rig, tmp_path / "none", faults=("model",))
    assert none.outcome is Outcome.UNKNOWN
    assert none.reason
    assert "model-429" in none.not_applicable


@pytest.mark.asyncio(loop_scope="module")
async def test_what_only_a_second_kill_during_the_recovery_shows_is_found_by_a_pair(rig: Rig, tmp_path: Path) -> None:
    def charging(how: str) -> Scenario:
        worker = shlex.join([sys.executable, "-m", "tests.agents.charging"])
        return Scenario(name=how, worker=worker, work=start("Charging", how))

    only = ("before/RespondActivityTaskCompleted/*",)
    hows = ("charge_by_attempt", "charge_by_order")
    both = await asyncio.gather(*(swept(rig, tmp_path / how, charging(how), only=only, pairs=5) for how in hows))
    for (found, _), how, failed in zip(both, hows, (True, False), strict=True):
        done = f"kill-worker@before/RespondActivityTaskCompleted/Charging/{how}.1"
        [pair] = found.pairs
        assert str(pair) == f"{done}/attempt-1,{done}/attempt-2"
        told = {str(each.plan): each.outcome for each in found.verdicts if each.plan.strikes}
        assert told == {f"{done}/attempt-1": Outcome.PASS, str(pair): Outcome.FAIL if failed else Outcome.PASS}
        doubled = {"effect-key-stable", "effects-happen-once"} if failed else set()
        assert {each.finding.check for each in found.findings} == doubled
        assert (list(map(str, found.struck)), found.lone, found.untried_pairs) == ([f"{done}/attempt-1"], (), ())
