"""A history over which a replaying process is lost, or that takes too long, has an answer, and that is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RigError
from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import Replay
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.conditions import IN_PROCESS, PLAIN, Condition
from harness.replay.in_process.matrix import WorkflowCode, replay_in_process
from harness.replay.in_process.protocol import ReplayRequest


class Process:
    """Stands for a replaying process. That of the reference comes last, and all others are lost over the history."""

    def __init__(self, *, lost: bool, ended: asyncio.Event) -> None:
        self._lost = lost
        self._ended = ended

    async def tell(self, request: ReplayRequest) -> None:
        pass

    async def answer(self, request: ReplayRequest, *, events: int = 0) -> ConditionReplay:
        if self._lost:
            raise RigError("the replaying process ended")
        replay = Replay(workflow_id=request.workflow_id, run_id=request.run_id)
        return ConditionReplay(index=request.index, condition=request.condition, replay=replay)

    async def end(self) -> None:
        self._ended.set()


@pytest.mark.parametrize("all_lost", [True, False])
async def test_a_history_over_which_a_process_is_lost_is_still_replayed_under_the_reference(
    tmp_path: Path, all_lost: bool
) -> None:
    gone = asyncio.Event()

    @contextlib.asynccontextmanager
    async def use(condition: Condition) -> AsyncIterator[Any]:
        last = condition.process == PLAIN.process
        if last:
            await gone.wait()
        yield Process(lost=all_lost or not last, ended=gone)

    file = tmp_path / "history.pb"
    history = StoredHistory(file=HistoryFile(path=file, shown="history"), binary=file, workflow_id="w", tasks=1)
    code = WorkflowCode(cwd=tmp_path)
    replaying = replay_in_process([history], code=code, folder=tmp_path, use=use, jobs=len(IN_PROCESS))
    told = {answer.condition: bool(answer.replay.lost) async for answer in replaying}
    assert told[PLAIN.name] is all_lost


@pytest.mark.parametrize("times", [1, 9])
async def test_a_history_that_takes_too_long_is_asked_for_once_more(tmp_path: Path, times: int) -> None:
    """A machine that stands still makes one take too long, once; code that blocks does so each time."""
    left, starts = [times], []

    class Slow(Process):
        async def answer(self, request: ReplayRequest, *, events: int = 0) -> ConditionReplay:
            left[0] -= 1
            replay = Replay(workflow_id=request.workflow_id, run_id=request.run_id, blocked=left[0] >= 0)
            return ConditionReplay(index=request.index, condition=request.condition, replay=replay)

    @contextlib.asynccontextmanager
    async def use(condition: Condition) -> AsyncIterator[Any]:
        starts.append(condition.name)
        yield Slow(lost=False, ended=asyncio.Event())

    file = tmp_path / "history.pb"
    history = StoredHistory(file=HistoryFile(path=file, shown="history"), binary=file, workflow_id="w", tasks=1)
    code = WorkflowCode(cwd=tmp_path)
    replaying = replay_in_process([history], code=code, folder=tmp_path, use=use, conditions=[PLAIN])
    assert [answer.replay.blocked async for answer in replaying] == [times > 1]
    assert starts == [PLAIN.name] * 2
