"""How the worker of a stage is started: what its environment says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.trial.worker_setup import WorkerSetup


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


def test_what_is_given_to_it_is_known_without_the_doors(tmp_path: Path) -> None:
    setup = WorkerSetup(command="python worker.py", logs=tmp_path, env={"SERVER": "localhost:7233"})
    assert {"python worker.py", "localhost:7233"} <= set(setup.given)
