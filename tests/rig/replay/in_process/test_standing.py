"""The histories of a sweep: each distinct one is replayed under all conditions, in processes that stay."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.errors import UsageError
from harness.histories import formats as histories
from harness.processes.forkserver.children import ChildForks
from harness.records.evidence import History
from harness.records.replay_result import Replay
from harness.replay.conditions import IN_SWEEP, Condition
from harness.replay.in_process.matrix import WorkflowCode
from harness.replay.in_process.standing import StandingReplay
from tests import TESTS
from tests.children import running

HERE = TESTS / "replay"
GREETING = histories.as_record(histories.load(HERE / "histories" / "Greeting-run.json"))
SET_ORDER = histories.as_record(histories.load(HERE / "histories" / "SetOrder-run.json"))
FEW = tuple(each for each in IN_SWEEP if each.name in ("plain", "every prefix"))


def standing(*modules: str, folder: Path, conditions: tuple[Condition, ...] = FEW) -> StandingReplay:
    return StandingReplay(WorkflowCode(modules=modules, cwd=HERE), folder=folder, conditions=conditions)


def children() -> list[psutil.Process]:
    """Return the replaying processes that are alive."""
    return running("harness.replay.in_process.child_main")


def at_another_time(history: History) -> History:
    """Return what another run that decided the same would have recorded."""
    text = json.dumps(history.events).replace(history.run_id, "r2").replace("2026-", "2027-")
    return replace(history, run_id="r2", events=tuple(json.loads(text)))


async def test_like_histories_are_replayed_once_and_no_process_is_left(tmp_path: Path) -> None:
    async with standing("sample_workflows", folder=tmp_path) as process:
        assert process.workflows == ("Greeting", "SetOrder")
        replays = await process.replay([GREETING, at_another_time(GREETING), replace(GREETING, workflow_id="again")])
        assert len(children()) == 1
    whole = Replay(workflow_id="Greeting-run", run_id=GREETING.run_id, commands=4, tasks=4)
    prefixes = replace(whole, prefixes=4)
    like = [replace(each, run_id="r2") for each in (whole, prefixes)]
    again = [replace(each, workflow_id="again") for each in (whole, prefixes)]
    assert replays == (whole, prefixes, *like, *again)
    (decided,) = tmp_path.glob("decided-*")
    assert decided.read_bytes().count(b"CompleteWorkflowExecution") == 2
    assert not list(tmp_path.glob("history-*"))
    assert not children()


async def test_report_cases_what_fails_in_replay_fails_in_a_sweep(tmp_path: Path) -> None:
    async with standing("sample_workflows", folder=tmp_path, conditions=IN_SWEEP) as process:
        right, right_prefixes, wrong, wrong_prefixes = await process.replay([GREETING, SET_ORDER])
    assert (right.failure, right.findings, right.differences, right_prefixes.differences) == ("", (), (), ())
    assert (wrong.workflow_id, wrong_prefixes.workflow_id) == ("SetOrder-run", "SetOrder-run")
    assert "depends on the hash seed" in " ".join(each.message for each in wrong.findings)
    assert not children()


async def test_processes_that_are_forked_find_what_those_started_by_themselves_find(tmp_path: Path) -> None:
    conditions = tuple(each for each in IN_SWEEP if each.name in ("plain", "hash seed 1"))
    code, forks, seen = WorkflowCode(modules=("sample_workflows",), cwd=HERE), ChildForks(logs=tmp_path), []
    try:
        for name in ("by themselves", "forked"):
            how = StandingReplay(code, folder=tmp_path / name, conditions=conditions, forks=forks)
            async with how as process:
                seen.append(await process.replay([GREETING, SET_ORDER]))
                assert len(children()) == (2 if name == "by themselves" else 0)
    finally:
        await forks.close()
    assert seen[0] == seen[1]
    right, wrong = seen[1]
    assert right.findings == ()
    assert "depends on the hash seed" in " ".join(each.message for each in wrong.findings)


async def test_changed_workflow_and_unknown_workflow(tmp_path: Path) -> None:
    async with standing("sample_changed", folder=tmp_path) as process:
        changed, prefixes, unknown = await process.replay([GREETING, SET_ORDER])
    assert changed.nondeterminism
    assert changed.differences
    assert prefixes.prefixes
    assert changed.findings == ()
    assert unknown.skipped.startswith("workflow SetOrder is not known: Greeting can be replayed; name the module")
    assert not unknown.failure


async def test_report_cases_what_a_codec_wrote_is_unknown_without_it(tmp_path: Path) -> None:
    encoding = base64.b64encode(b"binary/sealed").decode()
    text = json.dumps(GREETING.events).replace(base64.b64encode(b"json/plain").decode(), encoding)
    sealed = replace(GREETING, events=tuple(json.loads(text)))
    async with standing("sample_workflows", folder=tmp_path) as process:
        (unread,) = await process.replay([sealed])
    assert unread.skipped.startswith(
        "payloads of it are encoded as binary/sealed, which the data converter here cannot"
    )
    assert "--data-converter MODULE:NAME" in unread.skipped
    assert unread.failure == ""


async def test_prefix_of_a_history_replays(tmp_path: Path) -> None:
    async with standing("sample_workflows", folder=tmp_path) as process:
        begun, *_ = await process.replay([replace(GREETING, events=GREETING.events[:9])])
    assert not begun.failure


async def test_history_that_is_none_is_a_failure_and_the_process_goes_on(tmp_path: Path) -> None:
    broken = replace(GREETING, events=(*GREETING.events[:1], {"eventId": "two", "eventType": "EVENT_TYPE_NONE"}))
    async with standing("sample_workflows", folder=tmp_path) as process:
        failed, good, _ = await process.replay([broken, GREETING])
    assert failed.failure
    assert not failed.nondeterminism
    assert not good.failure


async def test_process_that_dies_is_told_with_its_log_and_started_again(tmp_path: Path) -> None:
    async with standing("sample_hanging:Crashes", "sample_workflows:Greeting", folder=tmp_path) as process:
        (lost,) = await process.replay([SET_ORDER])
        good, _ = await process.replay([GREETING])
    assert "the replay of SetOrder-run (exit status 7)\n  | about to crash" in lost.lost
    assert not good.failure
    assert not children()


async def test_report_cases_the_environment_of_the_worker_is_there(tmp_path: Path) -> None:
    (tmp_path / "planner_code.py").write_text(PLANNER)
    code = WorkflowCode(modules=["planner_code"], cwd=tmp_path, env={"PLANNER_QUEUE": "planners"})
    async with StandingReplay(code, folder=tmp_path, conditions=FEW) as process:
        assert process.workflows == ("Planner",)
    with pytest.raises(UsageError, match="PLANNER_QUEUE is not set"):
        async with StandingReplay(replace(code, env={}), folder=tmp_path, conditions=FEW):
            pass


PLANNER = """
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import os

    assert os.environ.get("PLANNER_QUEUE"), "PLANNER_QUEUE is not set"


@workflow.defn
class Planner:
    @workflow.run
    async def run(self) -> str:
        return "done"
"""


async def test_a_condition_under_which_no_process_starts_leaves_it_unknown(tmp_path: Path) -> None:
    (tmp_path / "planner_code.py").write_text(PLANNER.replace('"PLANNER_QUEUE")', '"TZ") == "UTC"'))
    code = WorkflowCode(modules=["planner_code"], cwd=tmp_path)
    async with StandingReplay(code, folder=tmp_path, conditions=IN_SWEEP) as process:
        (lost,) = await process.replay([GREETING])
    assert "PLANNER_QUEUE is not set" in lost.lost
