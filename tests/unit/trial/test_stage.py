"""How the worker of a stage is started, and what a scenario must name rightly before anything is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.records.scenario import Scenario, started_by, started_by_worker
from harness.records.scenario import start as work_of
from harness.trial.stage import WorkerSetup, is_one_program, open_trial_stage


class Slot:
    """A slot whose HTTP doors are where the test says."""

    def environment(self, worker: int) -> dict[str, str]:
        return {"EFFECTS_URL": f"http://effects/{worker}", "OPENAI_BASE_URL": "http://model"}


def environment(worker: WorkerSetup, number: int = 2) -> dict[str, str]:
    slot: Any = Slot()
    return worker.environment(number, address="127.0.0.1:7", slot=slot)


def test_a_worker_finds_temporal_and_the_doors_by_its_environment(tmp_path: Path) -> None:
    given = environment(WorkerSetup(command="python worker.py", logs=tmp_path, task_queue="q"))
    assert (given["TEMPORAL_ADDRESS"], given["TEMPORAL_NAMESPACE"]) == ("127.0.0.1:7", "default")
    assert (given["TEMPORAL_TASK_QUEUE"], given["EFFECTS_URL"]) == ("q", "http://effects/2")


def test_without_a_task_queue_the_worker_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_TASK_QUEUE", raising=False)
    assert "TEMPORAL_TASK_QUEUE" not in environment(WorkerSetup(command="python worker.py", logs=tmp_path))


def test_the_users_own_variables_come_last(tmp_path: Path) -> None:
    own = {"OPENAI_BASE_URL": "http://own", "MODE": "quick"}
    given = environment(WorkerSetup(command="python worker.py", logs=tmp_path, env=own))
    assert (given["OPENAI_BASE_URL"], given["MODE"]) == ("http://own", "quick")


def test_the_users_own_variables_may_name_the_doors(tmp_path: Path) -> None:
    own = {"PAYMENTS_URL": "${EFFECTS_URL}/payments", "LLM": "${MODEL_URL}", "HOST": "${TEMPORAL_ADDRESS}"}
    given = environment(WorkerSetup(command="python worker.py", logs=tmp_path, env=own), number=3)
    assert [given[name] for name in own] == ["http://effects/3/payments", "http://model", "127.0.0.1:7"]


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
    nothing: Any = type("Rig", (), {"fork_servers": None})()
    plan: Any = type("Plan", (), {"strikes": (), "faults": (), "real_time": False})()
    stage = open_trial_stage(scenario, plan=plan, trial="t", rig=nothing, folder=tmp_path, task_timeout=0, cold=True)
    with pytest.raises(UsageError, match=r"asking names 'no_such_script\.py', but there is no file"):
        await stage.__aenter__()
