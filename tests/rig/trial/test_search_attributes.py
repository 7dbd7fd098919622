"""A worker with search attributes of its own is tried on a server that has never heard of them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from harness import checks
from harness.checks.judging import judge
from harness.checks.undisturbed import notices_of
from harness.records.plan import Plan, Strike
from harness.records.scenario import Scenario, start
from harness.records.verdict import Outcome
from harness.servers.binaries import find_temporal
from harness.trial.deadline import Bounds, bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import TESTS

WORKER = shlex.join([sys.executable, str(TESTS / "agents" / "labelling.py")])
LABELLING = Scenario(name="labelling", worker=WORKER, task_queue="labels", work=start("Labelling", "moss"))


async def test_a_worker_with_unknown_search_attributes_passes_and_is_told_what_was_made(tmp_path: Path) -> None:
    async with Rig(binary=await find_temporal(), folder=tmp_path / "rig") as rig:
        limits = Bounds(limit=100, task_timeout=2)
        baseline = await run_trial(LABELLING, plan=Plan(), trial="b", rig=rig, folder=tmp_path / "b", bounds=limits)
        plan = Plan((Strike("kill-worker", "before/RespondActivityTaskCompleted/Labelling/write.1/attempt-1"),))
        limits = bounds(baseline, plan, time_limit=100)
        struck = await run_trial(LABELLING, plan=plan, trial="k", rig=rig, folder=tmp_path / "k", bounds=limits)
    for evidence in (baseline, struck):
        assert judge(evidence, baselines=[baseline], checks=checks.standard).outcome is Outcome.PASS
        assert [notice.partition(" was ")[0] for notice in notices_of(evidence)] == [
            "The search attribute NoteTopic (Keyword)",
            "The search attribute NoteLength (Int)",
            "The search attribute NoteTags (KeywordList)",
        ]
