"""Replays the histories of a sweep as its trials end, in processes that stay, and each that is like another once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from harness.histories.stored_history import StoredHistory
from harness.processes.forkserver.children import ChildForks
from harness.records.evidence import History
from harness.records.replay_result import Replay
from harness.replay.compare.accepted_differences import AcceptedDifference
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.conditions import IN_SWEEP, Condition, mixes
from harness.replay.in_process.matrix import WorkflowCode, new_process, replay_in_process
from harness.replay.in_process.process import ReplayProcess
from harness.replay.like_histories import LikeHistories

JOBS = 2
"""How many processes replay one history at a time."""


class StandingReplay:
    """Replays histories under all conditions of a sweep. An async context manager; its processes end with it.

    Args:
        code: The workflow code.
        folder: Folder for logs and decisions.
        conditions: The conditions; the first one is what the others are compared with, and has its process at once.
        time_limit: Longest time in seconds that one replay may take, and 5 ms more for each event.
        accepted: Differences that count as none.
        forks: Forks the processes where it can; None: nobody does.

    Attributes:
        code: As the argument.
    """

    def __init__(
        self,
        code: WorkflowCode,
        *,
        folder: Path,
        conditions: Sequence[Condition] = IN_SWEEP,
        time_limit: float = 30.0,
        accepted: Sequence[AcceptedDifference] = (),
        forks: ChildForks | None = None,
    ) -> None:
        self.code = code
        self._how: dict[str, Any] = {"code": code, "folder": folder, "time_limit": time_limit, "unusable": {}}
        self._forks = forks
        self._folder = folder
        self._conditions = conditions
        self._kept = {mix.condition.process: _KeptProcess(condition=mix.condition) for mix in mixes(conditions)}
        self._like = LikeHistories(self._ask, conditions=conditions, folder=folder, accepted=accepted)
        self._stack = AsyncExitStack()
        self.workflows: tuple[str, ...] = ()
        """The workflow types that can be replayed, known once entered."""

    async def __aenter__(self) -> Self:
        """Start the process of the first condition, which imports the workflow code.

        Raises:
            UsageError: The modules cannot be imported, or hold no workflow.
            RigError: The process died or did not answer in time.
        """
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        try:
            async with self._use(self._conditions[0]) as process:
                self.workflows = process.workflows
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._like.end()
        await self._stack.aclose()

    async def replay(self, histories: Sequence[History]) -> tuple[Replay, ...]:
        """Return what came of the replay of each history, as ``LikeHistories`` does."""
        return await self._like.replay(histories)

    def _ask(self, history: StoredHistory) -> AsyncGenerator[ConditionReplay, None]:
        return replay_in_process([history], conditions=self._conditions, jobs=JOBS, use=self._use, **self._how)

    @contextlib.asynccontextmanager
    async def _use(self, condition: Condition) -> AsyncIterator[ReplayProcess]:
        """Give the process that is kept for a condition; one that is needed to try it alone is new, and ends."""
        kept = self._kept.get(condition.process)
        if kept is None:
            async with new_process(condition, forks=self._forks, **self._how) as process:
                yield process
            return
        async with kept.turn:
            if kept.process is None:
                starting = new_process(kept.condition, forks=self._forks, **self._how)
                kept.process = await self._stack.enter_async_context(starting)
            elif not kept.process.running:
                await kept.process.start()
            yield kept.process


@dataclass(kw_only=True)
class _KeptProcess:
    """The process of conditions that share one, started when it is first used; one history at a time has it."""

    condition: Condition
    process: ReplayProcess | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
