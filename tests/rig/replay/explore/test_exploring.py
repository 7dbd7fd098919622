"""A worker is explored: each planted workflow breaks its property on a short path, each look-alike breaks none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from harness import Scenario, explores, signal, start, update
from harness.records.explore_result import ExploredEnd, ExploreResult
from harness.replay.explore.exploring import (
    ExploredPaths,
    ExploreOptions,
    ScenarioExploration,
    judged_again,
    open_worker,
)
from harness.replay.explore.on_server import ServerWalk
from harness.replay.explore.path import ExploredPath
from harness.replay.explore.search import Limits
from harness.replay.explore.shards import Shard, all_paths, whole_of
from harness.replay.explore.worker import ExploredWorker
from harness.servers.binaries import find_temporal
from harness.servers.clock import clock_of
from harness.servers.dev import DevServer
from harness.servers.engine import engine
from harness.servers.frontend import Frontend
from tests import TESTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKER = "python -m tests.replay.explored.worker"

GIVEN: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] = {
    "WaitsForTwo": ((), [signal("approve")]),
    "LocksItself": ((), [signal("hold")]),
    "RaisesAtTimeout": ((), [signal("approve")]),
    "RaisesInHandler": ((), [signal("choose", "Rome")]),
    "ResetsApproval": ((), [signal("approve")]),
    "ForgetsAtContinue": ((True,), [signal("write", "hello")]),
    "LeavesUpdateOpen": ((), [update("rename", "Bob")]),
    "WaitsForOne": ((), [signal("approve")]),
    "FailsAtTimeout": ((), [signal("approve")]),
    "PassesOnAtContinue": ((True, ""), [signal("write", "hello")]),
    "FinishesUpdates": ((), [update("rename", "Bob")]),
}
"""Arguments of a workflow, and what is sent to it; none for those that are not listed."""

PLANTED = {
    "WaitsForTwo": "waits-for-ever",
    "LocksItself": "waits-for-ever",
    "RaisesAtTimeout": "workflow-task-fails",
    "RaisesInHandler": "workflow-task-fails",
    "FirstComesFirst": "order-matters",
    "WorksByOrder": "order-matters",
    "ResetsApproval": "message-lost",
    "ForgetsAtContinue": "message-lost",
    "LeavesUpdateOpen": "message-lost",
    "UndoesFailureOnly": "trouble-untold",
    "HidesFailure": "trouble-untold",
    "WaitsAfterFailure": "trouble-untold",
    "SwallowsCancellation": "cancellation-swallowed",
    "SleepsOn": "cancellation-swallowed",
    "AsksForTools": "no-end",
    "RemembersInProcess": "asked-again-differs",
    "IteratesSet": "asked-again-differs",
    "CountsQueries": "asked-again-differs",
    "OutlivesItsTimeout": "waits-for-ever",
    "HidesChildFailure": "trouble-untold",
    "HidesRefusedChild": "trouble-untold",
    "TrustsModel": "no-end",
}

AFRESH = ("IteratesSet", "SortsAnswers")
"""Those that another process is asked, too: it takes its start."""

LOOKALIKES = (
    "WaitsForOne",
    "FailsAtTimeout",
    "SortsAnswers",
    "PassesOnAtContinue",
    "FinishesUpdates",
    "UndoesAlways",
    "CountsTools",
    "HasChild",
    "EndsBeforeItsTimeout",
    "ApprovesChild",
    "CapsModel",
)

TIMED = ("OutlivesItsTimeout", "EndsBeforeItsTimeout")
"""Those that have an hour to live."""

NOT_CANCELLED = ("ApprovesChild", "HidesRefusedChild")
"""Those that lose a cancellation to the Python SDK: it swallows one that comes while a signal is on its way."""

MODEL_SCRIPT = TESTS / "replay" / "explored" / "model_script.py"

MOVES = 8


def scenario(workflow: str) -> Scenario:
    args, sends = GIVEN.get(workflow, ((), ()))
    work = start(workflow, *args, run_timeout=3600 if workflow in TIMED else 0)
    return Scenario(
        name=workflow,
        worker=WORKER,
        task_queue="agents",
        work=work,
        sends=tuple(sends),
        model=str(MODEL_SCRIPT),
        explores=explores(cancel=0 if workflow in NOT_CANCELLED else 1),
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ExploredWorker]:
    """Start the one worker that all these explorations share."""
    logs: Path = tmp_path_factory.mktemp("explored")
    async with open_worker(scenario("WaitsForOne"), options=ExploreOptions(), logs=logs) as started:
        yield started


async def explored(workflow: str, worker: ExploredWorker) -> ExploreResult:
    afresh = workflow in AFRESH
    options = ExploreOptions(limits=Limits(moves=MOVES, seconds=300), afresh=afresh)
    return await ScenarioExploration(scenario(workflow), worker=worker, options=options).explore()


@pytest.mark.parametrize("workflow", PLANTED)
async def test_a_planted_bug_is_shown_by_its_property(workflow: str, worker: ExploredWorker) -> None:
    result = await explored(workflow, worker)
    assert PLANTED[workflow] in {finding.check for finding in result.findings}
    finding = next(each for each in result.findings if each.check == PLANTED[workflow])
    assert sum(len(step) for step in finding.steps) <= MOVES + 1  # the first task is handed out before
    assert len(finding.story) == len(finding.steps)
    assert not result.left
    assert not result.unexplored


@pytest.mark.parametrize("workflow", LOOKALIKES)
async def test_a_look_alike_is_explored_whole_and_clean(workflow: str, worker: ExploredWorker) -> None:
    result = await explored(workflow, worker)
    assert [(finding.check, finding.message) for finding in result.findings] == []
    assert result.whole


async def test_the_line_that_waits_or_raised_is_told(worker: ExploredWorker) -> None:
    for workflow, line in (
        ("WaitsForTwo", "wait_condition(lambda: self.approvals == 2)"),
        ("RaisesAtTimeout", "raise"),
    ):
        (finding,) = (await explored(workflow, worker)).findings
        file, _, rest = finding.place.partition(":")
        number, _, function = rest.partition(" in ")
        assert (file, function) == ("tests/replay/explored/planted.py", "run")
        assert line in Path(file).read_text().splitlines()[int(number) - 1]
    assert finding.story[-1].endswith("nobody approved")


async def test_a_child_that_waits_for_somebody_else_is_said(worker: ExploredWorker) -> None:
    result = await explored("LeavesChildWaiting", worker)
    assert list(result.unexplored) == ["what child Approval.1 waits for, which comes from outside"]
    assert result.outcome == "UNKNOWN"


CONFIRMED = (
    "WaitsForTwo",
    "RaisesAtTimeout",
    "HidesFailure",
    "ForgetsAtContinue",
    "LeavesUpdateOpen",
    "HidesChildFailure",
    "HidesRefusedChild",
)


async def test_a_real_server_shows_what_was_explored_and_nothing_else(worker: ExploredWorker, tmp_path: Path) -> None:
    """Signals, a timer, failures, timeouts, continue-as-new, updates, children; an update that comes last of two things
    at once; then an end that its path has not."""
    binary = await find_temporal()
    async with (
        DevServer(binary.path, folder=tmp_path, skips_time=True) as server,
        Frontend(address=server.address, namespace="default") as frontend,
        clock_of(engine("dev"), address=server.address, namespace="default") as clock,
    ):
        for workflow in CONFIRMED:
            options = ExploreOptions(limits=Limits(moves=MOVES, seconds=300), afresh=False)
            exploration = ScenarioExploration(scenario(workflow), worker=worker, options=options)
            for finding in (await exploration.explore()).findings:
                shown = await exploration.on_server(finding, frontend=frontend, clock=clock, server="1.32")
                assert (workflow, finding.check, shown.why_not) == (workflow, finding.check, "")
        few = replace(options, limits=Limits(moves=3, seconds=300))
        update_comes_last = ScenarioExploration(scenario("FinishesUpdates"), worker=worker, options=few)
        await update_comes_last.explore()
        paths = [each.steps for each in update_comes_last.paths.paths]
        steps = next(each for each in paths if any([move.kind for move in step[1:]] == ["update"] for step in each))
        walk = ServerWalk(frontend, clock=clock, worker=worker, search=update_comes_last._search)
        assert (await walk.walk(await update_comes_last._root(), steps)).why_not == ""
        elsewhere = replace(finding, end=ExploredEnd(close="completed", result="as never"))
        shown = await exploration.on_server(elsewhere, frontend=frontend, clock=clock, server="1.32")
        assert "it ends otherwise there" in shown.why_not


async def test_the_same_is_explored_again_in_the_same_way(worker: ExploredWorker) -> None:
    one, again = await explored("ResetsApproval", worker), await explored("ResetsApproval", worker)
    assert (one.states, one.merged, one.paths) == (again.states, again.merged, again.paths)
    assert one.findings == again.findings


async def test_shards_walk_together_what_is_walked_in_one_and_show_the_same(worker: ExploredWorker) -> None:
    async def walked(shard: Shard) -> tuple[ExploreResult, ExploredPaths]:
        options = ExploreOptions(limits=Limits(moves=MOVES, seconds=300), afresh=False, shard=shard)
        exploration = ScenarioExploration(scenario("WaitsForTwo"), worker=worker, options=options)
        return await exploration.explore(), exploration.paths

    def names(paths: Sequence[ExploredPath]) -> set[tuple[str, ...]]:
        return {tuple(move.name for step in path.steps for move in step) for path in paths}

    whole, walked_whole = await walked(Shard())
    parts = [await walked(Shard(number=number, of=3)) for number in range(3)]
    together = all_paths([each.paths for _, each in parts])
    assert names(walked_whole.paths) <= names(together)
    assert 0 < min(len(each.paths) for _, each in parts) < len(together)
    whole_again = whole_of([result for result, _ in parts], of=3, paths=together)
    found = judged_again(whole_again, replace(walked_whole, paths=together))
    assert {each.check for each in found.findings} == {each.check for each in whole.findings} != set()
