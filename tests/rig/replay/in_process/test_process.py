from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.errors import RigError, UsageError
from harness.histories import formats as histories
from harness.records.replay_result import Replay
from harness.replay.in_process.process import ReplayProcess
from harness.replay.in_process.protocol import ReplayRequest, Setup
from tests import TESTS

HERE = TESTS / "replay"
GREETING = histories.as_record(histories.load(HERE / "histories" / "Greeting-run.json"))
SET_ORDER = histories.as_record(histories.load(HERE / "histories" / "SetOrder-run.json"))


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
    alive = [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]
    return [each for each in alive if "harness.replay.in_process.child_main" in each.cmdline()]


async def test_history_replays_and_the_process_is_gone_afterwards(tmp_path: Path) -> None:
    async with replaying(
        "sample_workflows", logs=tmp_path, data_converter="temporalio.converter:DataConverter.default"
    ) as process:
        assert process.workflows == ("Greeting", "SetOrder")
        found = await process.replay([GREETING, replace(GREETING, workflow_id="again", run_id="r2")])
        assert len(children()) == 1
    whole = Replay(workflow_id="Greeting-run", run_id=GREETING.run_id, commands=4, tasks=4)
    prefixes = replace(whole, prefixes=4)
    again = [replace(each, workflow_id="again", run_id="r2") for each in (whole, prefixes)]
    assert found == (whole, prefixes, *again)
    assert not children()


async def test_set_order_is_caught_under_another_hash_seed(tmp_path: Path) -> None:
    async with replaying("sample_workflows:SetOrder", logs=tmp_path, hash_seed=0) as process:
        same, prefixes = await process.replay([SET_ORDER])
    assert not same.failure
    assert not prefixes.differences
    async with replaying("sample_workflows:SetOrder", logs=tmp_path, hash_seed=1) as process:
        other, prefixes = await process.replay([SET_ORDER])
    assert prefixes.differences
    assert other.nondeterminism
    assert "TMPRL1100" in other.failure


async def test_changed_workflow_and_unknown_workflow(tmp_path: Path) -> None:
    async with replaying("sample_changed", logs=tmp_path) as process:
        changed, unknown = await process.replay([GREETING, SET_ORDER], prefixes=0)
    assert changed.nondeterminism
    assert changed.differences
    assert unknown.skipped == "workflow SetOrder is not known: Greeting can be replayed"
    assert not unknown.failure


async def test_prefix_of_a_history_replays(tmp_path: Path) -> None:
    async with replaying("sample_workflows", logs=tmp_path) as process:
        found, _ = await process.replay([replace(GREETING, events=GREETING.events[:9])])
    assert not found.failure


async def test_history_that_is_none_is_a_failure_and_the_process_goes_on(tmp_path: Path) -> None:
    broken = replace(GREETING, events=(*GREETING.events[:1], {"eventId": "two", "eventType": "EVENT_TYPE_NONE"}))
    async with replaying("sample_workflows", logs=tmp_path) as process:
        failed, good = await process.replay([broken, GREETING], prefixes=0)
    assert failed.failure
    assert not failed.nondeterminism
    assert not good.failure


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


async def test_process_that_dies_is_told_with_its_log_and_started_again(tmp_path: Path) -> None:
    async with replaying("sample_hanging:Crashes", "sample_workflows:Greeting", logs=tmp_path) as process:
        lost, good, _ = await process.replay([SET_ORDER, GREETING])
    assert re.search(r"the replay of SetOrder-run \(exit status 7\)\n  \| about to crash", lost.lost)
    assert not good.failure
    assert not children()


async def test_replay_that_hangs_is_stopped(tmp_path: Path) -> None:
    began = time.monotonic()
    async with replaying("sample_hanging", logs=tmp_path, time_limit=4.0) as process:
        (lost,) = await process.replay([GREETING])
        assert "took longer than 4" in lost.lost
        with pytest.raises(RigError, match="not running"):
            await process.ask(ReplayRequest(workflow_id="w"))
    assert time.monotonic() - began < 60
    assert not children()


async def test_no_process_is_left_after_an_exception(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with replaying("sample_workflows", logs=tmp_path):
            raise ZeroDivisionError
    assert not children()
    assert [file.name for file in tmp_path.iterdir()] == ["replay-1.log"]
