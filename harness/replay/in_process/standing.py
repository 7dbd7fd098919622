"""Replays the histories of a sweep as its trials end, in processes that stay, and each that is like another once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from temporalio.api.history.v1 import History as Events

from harness.errors import RigError, UsageError
from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import History
from harness.records.replay_result import Replay, ReplayedHistory, ReplayFinding
from harness.replay.compare.judging import PREFIX, TOLD_BY_DIFFERENCES, Judge
from harness.replay.conditions import IN_SWEEP, Condition, mixes
from harness.replay.in_process.matrix import WorkflowCode, new_process, replay_in_process
from harness.replay.in_process.process import ReplayProcess
from harness.replay.likeness import likeness
from harness.temporal.proto_json import events_of_json

JOBS = 2
"""How many processes replay one history at a time."""


class StandingReplay:
    """Replays histories under all conditions of a sweep. An async context manager; its processes end with it.

    Args:
        code: The workflow code.
        folder: Folder for logs and decisions.
        conditions: The conditions; the first one is what the others are compared with, and has its process at once.
        time_limit: Longest time in seconds that one replay may take, and 5 ms more for each event.
    """

    def __init__(
        self,
        code: WorkflowCode,
        *,
        folder: Path,
        conditions: Sequence[Condition] = IN_SWEEP,
        time_limit: float = 30.0,
    ) -> None:
        self._how: dict[str, Any] = {"code": code, "folder": folder, "time_limit": time_limit, "unusable": {}}
        self._folder = folder
        self._conditions = conditions
        self._kept = {mix.condition.process: _KeptProcess(condition=mix.condition) for mix in mixes(conditions)}
        self._judged: dict[str, asyncio.Task[tuple[Replay, ...]]] = {}
        self._numbers = count(1)
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
        for task in self._judged.values():
            task.cancel()
        await asyncio.gather(*self._judged.values(), return_exceptions=True)
        await self._stack.aclose()

    async def replay(self, histories: Sequence[History]) -> tuple[Replay, ...]:
        """Return what came of the replay of each history and, as its next, of its prefixes.

        A history that is like one that was replayed before, by ``likeness``, is not replayed again.
        """
        replays = await asyncio.gather(*map(self._replayed, histories))
        return tuple(each for of_one in replays for each in of_one)

    async def _replayed(self, history: History) -> list[Replay]:
        key = likeness(history)
        if key not in self._judged:
            self._judged[key] = asyncio.create_task(self._replay(history))
        replays = await asyncio.shield(self._judged[key])
        if any(each.lost or each.blocked for each in replays):  # by load perhaps: the next one is another try
            self._judged.pop(key, None)
        return [replace(each, workflow_id=history.workflow_id, run_id=history.run_id) for each in replays]

    async def _replay(self, history: History) -> tuple[Replay, ...]:
        try:
            stored = await asyncio.to_thread(self._stored, history)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            return (Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=failure),)
        judge = Judge(reference=self._conditions[0].name, groups={each.name: each.group for each in self._conditions})
        replays: dict[str, Replay] = {}
        try:
            replaying = replay_in_process([stored], conditions=self._conditions, jobs=JOBS, use=self._use, **self._how)
            async with contextlib.aclosing(replaying) as answers:
                async for answer in answers:
                    judge.add(answer)
                    replays[answer.condition] = answer.replay
        except (RigError, UsageError) as error:  # a process of some condition does not start: nothing is known then
            lost = str(error)
            return (Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=lost, lost=lost),)
        finally:
            assert stored.binary is not None
            stored.binary.unlink(missing_ok=True)
        judged = judge.judged(0, ReplayedHistory(file=history.path, workflow=stored.workflow))
        whole = replace(replays[self._conditions[0].name], findings=_beside_differences(judged.findings))
        prefixes = replays.get(PREFIX)
        return (whole,) if prefixes is None or whole.skipped or whole.lost else (whole, prefixes)

    def _stored(self, history: History) -> StoredHistory:
        events = Events(events=events_of_json(history.events))
        file = self._folder / f"history-{next(self._numbers)}.pb"
        file.write_bytes(events.SerializeToString())
        started = events.events[0].workflow_execution_started_event_attributes
        return StoredHistory(
            file=HistoryFile(path=file, shown=history.path),
            binary=file,
            workflow_id=history.workflow_id,
            run_id=history.run_id,
            workflow=started.workflow_type.name,
            events=len(events.events),
            tasks=sum(each.HasField("workflow_task_started_event_attributes") for each in events.events),
        )

    @contextlib.asynccontextmanager
    async def _use(self, condition: Condition) -> AsyncIterator[ReplayProcess]:
        """Give the process that is kept for a condition; one that is needed to try it alone is new, and ends."""
        kept = self._kept.get(condition.process)
        if kept is None:
            async with new_process(condition, **self._how) as process:
                yield process
            return
        async with kept.turn:
            if kept.process is None:
                kept.process = await self._stack.enter_async_context(new_process(kept.condition, **self._how))
            elif not kept.process.running:
                await kept.process.start()
            yield kept.process


@dataclass(kw_only=True)
class _KeptProcess:
    """The process of conditions that share one, started when it is first used; one history at a time has it."""

    condition: Condition
    process: ReplayProcess | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def _beside_differences(findings: Sequence[ReplayFinding]) -> tuple[ReplayFinding, ...]:
    """Return the findings that the differences and the failures of the replays do not tell themselves."""
    return tuple(each for each in findings if each.check not in TOLD_BY_DIFFERENCES and each.conditions != (PREFIX,))
