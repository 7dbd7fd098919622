"""Nexus operations end as the worker's own handlers have them end."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from harness import Scenario, start
from harness.replay.explore.exploring import ExploreOptions, ScenarioExploration, open_worker
from tests import TESTS


async def test_an_operation_ends_as_the_workflow_that_its_handler_starts(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, str(TESTS / "agents" / "nexus_calling.py")])
    scenario = Scenario(name="asking", worker=command, task_queue="notes", work=start("Asking", "moss"))
    options = ExploreOptions(afresh=False)
    async with open_worker(scenario, options=options, logs=tmp_path) as worker:
        exploration = ScenarioExploration(scenario, worker=worker, options=options)
        result = await exploration.explore()
    assert (result.outcome, result.findings) == ("PASS", ())
    ends = {(path.close, path.result) for path in exploration.paths.paths}
    assert ("completed", '"About moss."') in ends
    assert len([path for path in exploration.paths.paths if path.close == "failed"]) == 2
