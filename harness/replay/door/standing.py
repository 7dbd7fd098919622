"""Replays the histories of a sweep as its trials end, through the door: by the worker's own command and packages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from harness.errors import RigError, UsageError
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import History
from harness.records.replay_result import Replay
from harness.replay.compare.accepted_differences import AcceptedDifference
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.conditions import IN_SWEEP_THROUGH_DOOR
from harness.replay.door.matrix import replay_through_door
from harness.replay.like_histories import LikeHistories


class StandingDoorReplay:
    """Replays histories through the door, each that is like another once. An async context manager.

    No worker process stays: those histories that have come while one is asked are handed out to the next together.
    Where the worker cannot be asked, they count as skipped, and not as lost: nobody has named its code to replay.

    Args:
        command: Command line of the worker.
        folder: Folder for logs and decisions.
        accepted: Differences that count as none.
        how: What else ``replay_through_door`` takes of the worker: ``task_queue``, ``env``, ``tls``,
            ``data_converter``.
    """

    def __init__(self, command: str, *, folder: Path, accepted: Sequence[AcceptedDifference] = (), **how: Any) -> None:
        self._command = command
        self._folder = folder
        self._how = how
        self._like = LikeHistories(self._ask, conditions=IN_SWEEP_THROUGH_DOOR, folder=folder, accepted=accepted)
        self._turn = asyncio.Lock()
        self._waiting: list[_WaitingHistory] = []
        self._rounds = count(1)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._like.end()

    async def replay(self, histories: Sequence[History]) -> tuple[Replay, ...]:
        """Return what came of the replay of each history, as ``LikeHistories`` does."""
        return await self._like.replay(histories)

    async def _ask(self, history: StoredHistory) -> AsyncGenerator[ConditionReplay, None]:
        asked = _WaitingHistory(history=history)
        self._waiting.append(asked)
        async with self._turn:
            if asked in self._waiting:
                await self._round()
        for each in asked.answers:
            yield each

    async def _round(self) -> None:
        """Hand out all histories that wait, one worker process at a time."""
        waiting, self._waiting = self._waiting, []
        folder = self._folder / f"round-{next(self._rounds)}"
        await asyncio.to_thread(folder.mkdir)
        replaying = replay_through_door(
            [each.history for each in waiting],
            command=self._command,
            cwd=Path.cwd(),
            folder=folder,
            jobs=1,
            conditions=IN_SWEEP_THROUGH_DOOR,
            **self._how,
        )
        try:
            async with contextlib.aclosing(replaying) as answers:
                async for answer in answers:
                    waiting[answer.index].answers.append(replace(answer, index=0))
        except (RigError, UsageError) as error:
            for each in waiting:
                each.skip(f"the worker cannot be asked through the replay door: {error}")


@dataclass(kw_only=True, eq=False)
class _WaitingHistory:
    """A history that waits for its turn, and then what came of it."""

    history: StoredHistory
    answers: list[ConditionReplay] = field(default_factory=list)

    def skip(self, why: str) -> None:
        """Say that nothing is known of it."""
        skipped = Replay(workflow_id=self.history.workflow_id, run_id=self.history.run_id, skipped=why)
        self.answers = [ConditionReplay(index=0, condition=each.name, replay=skipped) for each in IN_SWEEP_THROUGH_DOOR]
