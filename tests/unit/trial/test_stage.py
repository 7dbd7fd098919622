"""What a scenario must name rightly before anything is started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.records.scenario import Scenario, started_by, started_by_worker
from harness.records.scenario import start as work_of
from harness.trial.stage import is_one_program, open_trial_stage


@pytest.mark.parametrize(
    ("work", "one_program"),
    [(work_of("Any"), False), (started_by("python start.py"), False), (started_by_worker(), True)],
)
def test_a_worker_that_starts_its_own_work_is_one_program(work: Any, one_program: bool) -> None:
    assert is_one_program(Scenario(worker="python worker.py", work=work)) is one_program


@pytest.mark.parametrize("door", ["model", "effects"])
async def test_a_script_that_is_not_there_is_told_before_anything_starts(tmp_path: Path, door: str) -> None:
    more: dict[str, Any] = {door: "no_such_script.py"}
    scenario = Scenario(
        worker=sys.executable, work=work_of("Any"), name="asking", file=str(tmp_path / "scenario.py"), **more
    )
    nothing: Any = type("Rig", (), {"folder": tmp_path, "forking": lambda *_, cold: None})()
    plan: Any = type("Plan", (), {"strikes": (), "faults": (), "real_time": False})()
    stage = open_trial_stage(scenario, plan=plan, trial="t", rig=nothing, folder=tmp_path, task_timeout=0, cold=True)
    with pytest.raises(UsageError, match=r"asking names 'no_such_script\.py', but there is no file"):
        await stage.__aenter__()
