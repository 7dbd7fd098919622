"""A process that is stopped goes on only after another one has done its work, and is struck no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.doors.decision import Decision, Refusal
from harness.records.plan import Strike
from harness.records.point import Point
from harness.records.tape import Entry, acts
from harness.trial import striking
from tests.rig.trial.test_striking import DONE, MODEL, Trial, entry, told, trial
from tests.rig.trial.test_worker import SLEEPS, noted, polling, python

DECIDED = Point(position="before", door="wire", operation="RespondWorkflowTaskCompleted", workflow="A", attempt=1)


class Paused:
    """A worker process that was struck with SIGSTOP at a message, and the one beside it, which polls."""

    def __init__(self, found: Trial, deciding: asyncio.Task[Decision], zombie: psutil.Process) -> None:
        self.nemesis = found.nemesis
        self.tape = found.tape
        self.deciding = deciding
        self._zombie = zombie

    @property
    def stopped(self) -> bool:
        return self._zombie.status() == psutil.STATUS_STOPPED

    async def says(self, point: Point, *, worker: int, status: str = "OK", activity: str = "7") -> Decision:
        met = entry(point, worker=worker, activity=activity)
        return await self.nemesis.decide(replace(met, status=status) if met.kind == "reply" else met)


@asynccontextmanager
async def paused(folder: Path, met: Entry) -> AsyncIterator[Paused]:
    assert met.point is not None
    async with trial(folder, Strike("pause-worker", met.point.id), command=python(SLEEPS)) as found:
        await polling(found.workers, "q")
        assert found.registry.process is not None
        zombie = psutil.Process(found.registry.process.pid)
        deciding = asyncio.create_task(found.nemesis.decide(met))
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "worker-ready", worker=2)
        yield Paused(found, deciding, zombie)


async def test_a_zombie_goes_on_only_after_the_newer_process_has_ended_the_task(tmp_path: Path) -> None:
    async with paused(tmp_path, entry(DONE)) as found:
        for point, worker, activity in (
            (DONE, 2, "7"),  # not executed yet
            (DONE.at("after"), 2, "8"),  # another activity
            (DECIDED.at("after"), 2, ""),
            (replace(DONE.at("after"), operation="RecordActivityTaskHeartbeat"), 2, "7"),
        ):
            assert await found.says(point, worker=worker, activity=activity) == "go"
            await found.tape.changed(timeout=0.02)
            assert (found.stopped, found.deciding.done()) == (True, False)
        assert await found.says(DONE.at("after"), worker=2) == "go"
        assert await found.deciding == "go"
        await noted(found.tape, "continue-worker", worker=1)
        while found.stopped:
            await asyncio.sleep(0.01)
        assert list(acts(found.tape.entries, "heal")) == []
        await found.says(DONE.at("after"), worker=1, status="NOT_FOUND")
        await noted(found.tape, "heal", worker=1)
    acted = [each for each in told(found.tape) if each[0] not in ("recover", "worker-exit")]
    assert acted == [
        *(("start-worker", 1), ("worker-ready", 1), ("strike", 1)),
        *(("start-worker", 2), ("worker-ready", 2), ("continue-worker", 1), ("heal", 1)),
    ]


@pytest.mark.parametrize("operation", ["RespondActivityTaskFailed", "RespondActivityTaskCanceled"])
async def test_a_task_may_end_in_another_way_too(tmp_path: Path, operation: str) -> None:
    async with paused(tmp_path, entry(MODEL)) as found:
        await found.says(replace(DONE.at("after"), operation=operation), worker=2)
        assert await found.deciding == "go"
        assert not list(acts(found.tape.entries, "worker-exit"))


async def test_a_zombie_with_a_workflow_task_waits_for_that(tmp_path: Path) -> None:
    async with paused(tmp_path, entry(DECIDED, activity="")) as found:
        await found.says(DONE.at("after"), worker=2)
        await found.tape.changed(timeout=0.05)
        assert found.stopped
        await found.says(DECIDED.at("after"), worker=2, activity="")
        assert await found.deciding == "go"


async def test_a_zombie_whose_work_nobody_ends_goes_on_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(striking, "_ZOMBIE_SECONDS", 0.1)
    monkeypatch.setattr(striking, "_LAST_WORDS_SECONDS", 0.1)
    async with paused(tmp_path, entry(DONE)) as found:
        assert await found.deciding == "go"
        await noted(found.tape, "heal", worker=1)


async def test_no_message_of_a_zombie_is_struck(tmp_path: Path) -> None:
    strikes = (Strike("pause-worker", DONE.id), Strike("unavailable-once", replace(DONE, operation="Other").id))
    other = replace(DONE, operation="Other")
    async with trial(tmp_path, *strikes, command=python(SLEEPS)) as found:
        await polling(found.workers, "q")
        deciding = asyncio.create_task(found.nemesis.decide(entry(DONE)))
        await noted(found.tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await noted(found.tape, "worker-ready", worker=2)
        assert (found.striking.spares(1), found.striking.spares(2)) == (True, False)
        assert await found.nemesis.decide(entry(other, worker=1)) == "go"
        assert isinstance(await found.nemesis.decide(entry(other, worker=2)), Refusal)
        deciding.cancel()
