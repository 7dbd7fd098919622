from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from harness.errors import RigError, UsageError
from harness.histories import formats as histories
from harness.replay.in_process.process import ReplayProcess
from harness.replay.in_process.protocol import ReplayRequest, Setup
from tests import TESTS
from tests.children import running

HERE = TESTS / "replay"
GREETING, SET_ORDER = (
    histories.as_record(histories.load(HERE / "histories" / f"{name}-run.json")) for name in ("Greeting", "SetOrder")
)


def replaying(
    *modules: str, logs: Path, hash_seed: int | None = None, time_limit: float = 30.0, data_converter: str = ""
) -> ReplayProcess:
    return ReplayProcess(
        Setup(modules=modules, data_converter=data_converter),
        cwd=HERE,
        logs=logs,
        time_limit=time_limit,
        environment={} if hash_seed is None else {"PYTHONHASHSEED": str(hash_seed)},
    )


def children() -> list[psutil.Process]:
    """Return the replaying processes that are alive."""
    return running("harness.replay.in_process.child_main")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("no_such_module", "No module named 'no_such_module'"),
        ("sample_workflows:Missing", "has no attribute 'Missing'"),
        ("sample_workflows:_call", "no workflow is defined or imported in sample_workflows:_call"),
        ("json", "no workflow is defined or imported in json"),
    ],
)
async def test_workflow_code_that_cannot_be_used(tmp_path: Path, module: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        async with replaying(module, logs=tmp_path):
            pass
    assert not children()


async def test_data_converter_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"json:loads is no temporalio\.converter\.DataConverter"):
        async with replaying("sample_workflows", logs=tmp_path, data_converter="json:loads"):
            pass


async def test_replay_that_hangs_is_stopped(tmp_path: Path) -> None:
    request = ReplayRequest(workflow="Greeting", workflow_id="Greeting-run", events=GREETING.events)
    async with replaying("sample_hanging", logs=tmp_path, time_limit=4.0) as process:
        with pytest.raises(RigError, match="took longer than 4 s"):
            await process.ask(request)
        with pytest.raises(RigError, match="not running"):
            await process.ask(ReplayRequest(workflow_id="w"))
    assert not children()


async def test_a_process_that_was_lost_can_be_started_again(tmp_path: Path) -> None:
    async with replaying("sample_workflows", logs=tmp_path) as process:
        assert process.workflows == ("Greeting", "SetOrder")
        await process.end()
        assert not process.running
        assert not children()
        await process.start()
        assert process.running
        request = ReplayRequest(workflow="Greeting", workflow_id="Greeting-run", events=GREETING.events)
        assert (await process.ask(request)).replay.commands == 4
    assert not children()


async def test_a_module_whose_class_is_named_has_its_other_workflows_replayed_too(tmp_path: Path) -> None:
    request = ReplayRequest(workflow="SetOrder", workflow_id="SetOrder-run", events=SET_ORDER.events)
    async with replaying("sample_workflows:Greeting", logs=tmp_path, hash_seed=0) as process:
        answer = (await process.ask(request)).replay
    assert answer.skipped == ""
    assert answer.tasks > 0


async def test_no_process_is_left_after_an_exception(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with replaying("sample_workflows", logs=tmp_path):
            raise ZeroDivisionError
    assert not children()
    assert [file.name for file in tmp_path.iterdir()] == ["replay-1.log"]
