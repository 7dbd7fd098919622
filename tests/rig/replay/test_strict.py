"""Strict replay of a set of histories, from files to verdicts, against workflow code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.histories.files import history_files
from harness.records.replay_result import ReplayResult
from harness.records.verdict import Outcome
from harness.replay.in_process.matrix import WorkflowCode
from harness.replay.strict import DoorWorker, replay_all
from tests import ROOT

STORED = ROOT / "tests" / "replay" / "histories"
NAMES = ("Greeting-run", "AllCommands-run")


async def replayed(folder: Path, *modules: str, names: tuple[str, ...] = NAMES, **more: Any) -> ReplayResult:
    """Replay stored histories and a file that is none."""
    place = folder / "histories"
    place.mkdir()
    for name in names:
        shutil.copy(STORED / f"{name}.json", place)
    (place / "none.json").write_text("[]")
    code = WorkflowCode(modules=modules, cwd=ROOT)
    return await replay_all(history_files(["histories"], cwd=folder), against=code, folder=folder, **more)


async def test_histories_come_in_the_order_of_their_files_with_their_verdicts(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    modules = ("tests.replay.sample_workflows", "tests.replay.sample_commands")
    found = await replayed(
        tmp_path, *modules, conditions=["hash seed 1", "every prefix"], tell=lambda *news: told.append(news)
    )
    assert found.outcome is Outcome.UNKNOWN
    assert [(Path(each.file).stem, each.outcome) for each in found.histories] == [
        ("AllCommands-run", Outcome.PASS),
        ("Greeting-run", Outcome.PASS),
        ("none", Outcome.UNKNOWN),
    ]
    assert "no workflow history" in found.histories[2].reason
    assert set(found.conditions) == {"plain", "every prefix", "hash seed 1"}
    assert all(each.commands and each.prefixes for each in found.histories[:2])
    assert told[:3] == [("reading histories", number, 3) for number in (1, 2, 3)]
    assert [(done, total) for text, done, total in told[3:]] == [(number, 6) for number in range(1, 7)]
    assert all(text.startswith("replaying, ") for text, _, _ in told[3:])
    assert (found.findings, found.unusable, found.against) == ((), (), ", ".join(modules))


async def test_changed_code_fails(tmp_path: Path) -> None:
    found = await replayed(tmp_path, "tests.replay.sample_changed", names=("Greeting-run",), conditions=["plain"])
    assert found.outcome is Outcome.FAIL
    assert {each.check for each in found.findings} == {"replays-as-recorded"}
    assert found.findings[0].line.startswith("tests/replay/sample_changed.py:")


async def test_module_that_cannot_be_imported_is_told_beside_the_verdicts(tmp_path: Path) -> None:
    modules = ("tests.replay.sample_workflows", "no_such_module")
    found = await replayed(tmp_path, *modules, names=NAMES, conditions=["plain"])
    assert found.unusable == ("no_such_module cannot be used: ModuleNotFoundError: No module named 'no_such_module'",)
    unknown, good, _ = found.histories
    assert good.outcome is Outcome.PASS
    assert unknown.reason == (
        "workflow AllCommands is not known: Greeting, SetOrder can be replayed; no_such_module cannot be used: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )


@pytest.mark.parametrize("against", [WorkflowCode(modules=["a"], cwd=ROOT), DoorWorker(command="python worker.py")])
async def test_condition_that_does_not_exist_is_told_before_anything_is_read(
    against: WorkflowCode | DoorWorker, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no condition 'nothing'"):
        await replay_all([], against=against, folder=tmp_path, conditions=["nothing"])
    assert list(tmp_path.iterdir()) == []
