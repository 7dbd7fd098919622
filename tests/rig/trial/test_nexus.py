"""A worker that calls and serves Nexus operations is tried like any other, whoever makes its endpoint."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path

from harness import checks
from harness.checks.judging import judge
from harness.checks.undisturbed import notices_of
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.servers.binaries import find_temporal
from harness.servers.frontend import Frontend
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS
from tests.judged import passes

WORKER = shlex.join([sys.executable, str(TESTS / "agents" / "nexus_calling.py")])
MADE = "The Nexus endpoint notes was made for the trials, and leads to the task queue notes."
POINTS = {
    "made": [
        "before/RespondActivityTaskCompleted/Writing/compose.1/attempt-1",
        "before/RespondWorkflowTaskCompleted/Asking/CompleteWorkflowExecution/attempt-1",
    ],
    "missing": [
        "before/RespondNexusTaskCompleted/Asking/Notes.write.1/attempt-1",
        "after/RespondNexusTaskCompleted/Asking/Notes.write.1/attempt-1",
    ],
}


async def tried(scenario: Scenario, rig: Rig, folder: Path, *points: str, baseline: Evidence | None = None) -> Evidence:
    plan = Plan(tuple(Strike("kill-worker", point) for point in points))
    limits = bounds(baseline, plan, time_limit=100) if baseline else Bounds(limit=100, task_timeout=2)
    trial = plan.trial_id(scenario.name)
    return await run_trial(scenario, plan=plan, trial=trial, rig=rig, folder=folder / trial, bounds=limits)


async def test_nexus_operations_stay_in_their_slot_and_a_right_worker_passes(tmp_path: Path) -> None:
    made, missing = (
        Scenario(name=name, worker=WORKER, task_queue="notes", work=start("Asking", "moss"), env=env)
        for name, env in (("made", {"MAKES": "1"}), ("missing", {}))
    )
    async with Rig(binary=await find_temporal(), folder=tmp_path / "rig") as rig:
        for scenario, notices in ((made, []), (missing, [MADE])):
            baseline = await tried(scenario, rig, tmp_path)
            async with Frontend(address=rig.server.address, namespace="default") as frontend:
                assert await frontend.nexus_endpoint("notes") is None
            struck = await asyncio.gather(
                *(tried(scenario, rig, tmp_path, point, baseline=baseline) for point in POINTS[scenario.name])
            )
            for evidence in (baseline, *struck):
                verdict = judge(evidence, baselines=[baseline], checks=checks.standard)
                assert passes(verdict), verdict
                assert notices_of(evidence) == notices
                assert [history.root for history in evidence.histories] == [True, False]
        assert rig.alone == {"made", "missing"}
