"""What is hostile to being explored has a clear verdict, and leaves nothing running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from harness import Scenario, start
from harness.errors import UsageError
from harness.records.explore_result import ExploreResult
from harness.replay.explore.exploring import ExploreOptions, ScenarioExploration, open_worker
from harness.replay.explore.move import budgets_of
from harness.replay.explore.search import Limits
from harness.replay.explore.worker import ExploredWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = "python -m tests.replay.explored.hostile"
OPTIONS = ExploreOptions(budgets=budgets_of(["trouble=0"]), answer_limit=60)


def scenario(workflow: str, *args: str) -> Scenario:
    return Scenario(name=workflow, worker=COMMAND, task_queue="agents", work=start(workflow, *args))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ExploredWorker]:
    """Start the worker that these explorations share, and that some of them end."""
    async with open_worker(scenario("Calls"), options=OPTIONS, logs=tmp_path_factory.mktemp("hostile")) as started:
        yield started


async def explored(worker: ExploredWorker, workflow: str, *args: str) -> ExploreResult:
    worker.starts = 0  # how often it was lost counts for each exploration of its own
    return await ScenarioExploration(scenario(workflow, *args), worker=worker, options=OPTIONS).explore()


async def test_an_activity_that_ends_its_process_is_said(worker: ExploredWorker) -> None:
    result = await explored(worker, "Calls", "ends_the_process")
    (reason,) = result.unexplored
    assert "exited with status 7" in reason
    assert result.outcome == "UNKNOWN"


async def test_an_activity_that_hangs_is_said(worker: ExploredWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    execute = ExploredWorker.execute

    async def impatient(self: ExploredWorker, task: Any, **more: str) -> Any:
        monkeypatch.setattr(self, "_program", replace(self._program, limit=1.0))
        try:
            return await execute(self, task, **more)
        finally:
            monkeypatch.setattr(self, "_program", replace(self._program, limit=OPTIONS.answer_limit))

    monkeypatch.setattr(ExploredWorker, "execute", impatient)
    result = await explored(worker, "Calls", "hangs")
    assert list(result.unexplored) == ["how hangs.1 ends: no answer to activity hangs within 1 s"]


async def test_a_workflow_that_blocks_is_a_finding(worker: ExploredWorker) -> None:
    result = await explored(worker, "Blocks")
    assert [finding.check for finding in result.findings] == ["workflow-task-fails"]
    assert "Potential deadlock detected" in result.findings[0].message


async def test_a_workflow_without_end_is_ended_by_the_most_moves(worker: ExploredWorker) -> None:
    options = replace(OPTIONS, limits=Limits(moves=4), budgets=budgets_of(["trouble=0", "together=0"]), afresh=False)
    result = await ScenarioExploration(scenario("GoesOn"), worker=worker, options=options).explore()
    assert [finding.check for finding in result.findings] == ["no-end"]
    assert result.states == 5


async def test_a_result_that_a_server_refuses_fails_the_activity(worker: ExploredWorker) -> None:
    result = await explored(worker, "Calls", "answers_much")
    assert result.outcome == "UNKNOWN"
    assert "no path without trouble completes the workflow" in result.reason


async def test_a_workflow_that_ends_its_process_is_a_finding(worker: ExploredWorker) -> None:
    result = await explored(worker, "Exits")
    assert [finding.check for finding in result.findings] == ["workflow-task-fails"]
    assert "exited with status 9" in result.findings[0].message


async def test_answers_that_differ_each_time_are_told_with_both(worker: ExploredWorker) -> None:
    result = await explored(worker, "DiffersEachTime")
    assert "asked-again-differs" in {finding.check for finding in result.findings}


async def test_a_workflow_type_that_is_not_known_is_a_wrong_use(worker: ExploredWorker) -> None:
    with pytest.raises(UsageError, match="Nothing is not registered on this worker"):
        await explored(worker, "Nothing")


async def test_results_need_a_worker_that_asks_for_activities(worker: ExploredWorker) -> None:
    result = await explored(worker, "CallsElsewhere")
    (reason,) = result.unexplored
    assert "the worker polls no activities on task queue 'elsewhere' (it polls 'agents')" in reason
