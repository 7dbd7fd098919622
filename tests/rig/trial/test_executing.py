"""Workers that need something of their cluster are tried on a server that has never heard of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from harness import checks
from harness.checks.judging import judge
from harness.checks.undisturbed import notices_of
from harness.records.act_facts import WorkerStarted
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.tape import acts
from harness.records.verdict import Verdict
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS
from tests.judged import passes

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with Rig(binary=await find_temporal(), folder=tmp_path_factory.mktemp("rig")) as rig:
        yield rig


def agent(name: str, workflow: str) -> Scenario:
    worker = shlex.join([sys.executable, str(TESTS / "agents" / f"{name}.py")])
    return Scenario(name=name, worker=worker, work=start(workflow, "moss"))


async def baseline_and_strike(
    scenario: Scenario, rig: Rig, folder: Path, point: str, *, fault: str = "kill-worker"
) -> tuple[Evidence, Evidence]:
    limits = Bounds(limit=100, task_timeout=2)
    trial = Plan().trial_id(scenario.name)
    baseline = await run_trial(scenario, plan=Plan(), trial=trial, rig=rig, folder=folder / trial, bounds=limits)
    plan = Plan((Strike(fault, point),))
    limits, trial = bounds(baseline, plan, time_limit=100), plan.trial_id(scenario.name)
    return baseline, await run_trial(scenario, plan=plan, trial=trial, rig=rig, folder=folder / trial, bounds=limits)


def verdicts_of(baseline: Evidence, struck: Evidence) -> list[Verdict]:
    return [judge(each, baselines=[baseline], checks=checks.standard) for each in (baseline, struck)]


async def test_a_worker_with_unknown_search_attributes_passes_and_is_told_what_was_made(
    rig: Rig, tmp_path: Path
) -> None:
    point = "before/RespondActivityTaskCompleted/Labelling/write.1/attempt-1"
    trials = await baseline_and_strike(agent("labelling", "Labelling"), rig, tmp_path, point)
    assert [verdict for verdict in verdicts_of(*trials) if not passes(verdict)] == []
    for evidence in trials:
        assert [notice.partition(" was ")[0] for notice in notices_of(evidence)] == [
            "The search attribute NoteTopic (Keyword)",
            "The search attribute NoteLength (Int)",
            "The search attribute NoteTags (KeywordList)",
        ]


async def test_a_versioned_worker_passes_and_is_told_that_its_version_was_made_current(
    rig: Rig, tmp_path: Path
) -> None:
    point = "before/RespondActivityTaskCompleted/Pinned/write.1/attempt-1"
    trials = await baseline_and_strike(agent("versioned", "Pinned"), rig, tmp_path, point)
    assert [verdict for verdict in verdicts_of(*trials) if not passes(verdict)] == []
    made = "The worker is versioned: pinned-notes.b1 was made the current version of its deployment."
    assert [notices_of(evidence) for evidence in trials] == [[made], [made]]


async def test_what_is_pinned_to_a_version_is_left_there_when_the_next_one_is_made_current(
    rig: Rig, tmp_path: Path
) -> None:
    pinned = agent("versioned", "Pinned")
    changed = replace(pinned, next=f"{pinned.worker} b2")
    point = "before/RespondActivityTaskCompleted/Pinned/write.1/attempt-1"
    trials = await baseline_and_strike(changed, rig, tmp_path, point, fault="next-version")
    assert [verdict for verdict in verdicts_of(*trials) if not passes(verdict)] == []
    assert [notice.partition(" was made the current version")[0] for notice in notices_of(trials[1])] == [
        "The worker is versioned: pinned-notes.b1",
        "The worker is versioned: pinned-notes.b2",
    ]
    started = [entry.facts_as(WorkerStarted) for entry in acts(trials[1].tape, "start-worker")]
    assert [facts.version for facts in started if facts] == ["", "next", ""]
