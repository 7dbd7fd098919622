"""Replays every history through the door under every condition, in several worker processes at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType

from temporalio.converter import DataConverter

from harness.errors import RigError, UsageError
from harness.histories.stored_history import StoredHistory, read_stored
from harness.replay.compare.decisions import ConditionReplay, DecisionsFile
from harness.replay.compare.mixed_answers import Chosen, MixedAnswers
from harness.replay.conditions import COLD, PLAIN, THROUGH_DOOR, Condition
from harness.replay.door.answer_comparison import AnswerComparer, HistoryAnswers
from harness.replay.door.worker import ReplayWorker, WorkerCommand
from harness.temporal.named_converter import named_converter

JOBS = 2
"""How many worker processes run at once by default."""

LOSSES = 3
"""How many worker processes one workflow type may cost; after that, its histories are no longer handed out."""

SHARE = 16
"""How many histories must be left for a further worker process of the same condition to be worth its start."""


async def replay_through_door(
    histories: Sequence[StoredHistory],
    *,
    command: str,
    cwd: Path,
    folder: Path,
    task_queue: str = "",
    jobs: int = 0,
    conditions: Sequence[Condition] = THROUGH_DOOR,
    env: Mapping[str, str] = MappingProxyType({}),
    address: str = "",
    tls: bool = False,
    limit: float = 20.0,
    history_limit: float = 30.0,
    cold_events: int = 250_000,
    share: int = SHARE,
    data_converter: str = "",
) -> AsyncGenerator[ConditionReplay, None]:
    """Ask a worker for every workflow task of histories, and yield what comes of each, as it comes.

    Each history gives one ``ConditionReplay`` under each condition; those that were not read (``failure``) give none.
    A history over which the worker is lost is said to be so, and is not handed out again; the others go on in a new
    process. Conditions that fit together are tried as one, and each alone only for the histories that decide otherwise
    then. Close the generator to stop early: every process has ended when that returns.

    Args:
        histories: The histories.
        command: Command line of the worker, unmodified.
        cwd: Folder to run it in.
        folder: Existing folder for its logs and for what it decided.
        task_queue: Task queue to hand all histories to; empty: the one that each was recorded on if the worker polls
            it, else the first that it polls.
        jobs: How many worker processes run at once; 0: ``JOBS``, at most one for each processor. A worker that
            listens on a port of its own wants 1.
        conditions: The conditions; the first one is what the others are compared with.
        env: Further environment of the worker.
        address: The loopback ``host:port`` that the worker has hard-coded; then one process runs at a time.
        tls: Whether the worker insists on TLS, so that the door has to speak it.
        limit: Longest time in seconds that one answer may take; one second more for each 1,000 events.
        history_limit: Seconds after which nothing more is asked of one history in one mode, as for ``ReplayDoor``.
        cold_events: Most events that are handed out for one history cold, over all its tasks (see ``ReplayDoor``).
        share: How many histories must be left for a further process of the same condition.
        data_converter: ``module:attribute`` of the worker's data converter, whose codec opens payloads to compare and
            whose converter shows them; empty: Temporal's default one. It is imported here.

    Raises:
        UsageError: The command is not found, the address is taken, or the data converter cannot be imported.
        RigError: The worker does not poll, polls another task queue, or cannot be started again; with its log.
    """
    worker = WorkerCommand(
        command=command,
        cwd=cwd,
        logs=folder,
        task_queue=task_queue,
        env=env,
        address=address,
        tls=tls,
        limit=limit,
        history_limit=history_limit,
        cold_events=cold_events,
    )
    converter = _converter(data_converter, cwd) if data_converter else DataConverter.default
    comparer = AnswerComparer(
        DecisionsFile(folder / "decisions.json"), reference=conditions[0].name, prefixes=COLD.name, converter=converter
    )
    rounds = MixedAnswers(conditions, afresh=False)
    numbers = count(1)
    for chosen in (rounds.first, rounds.apart):
        matrix = _DoorMatrix(histories, worker, chosen=chosen(), share=share, numbers=numbers)
        async with contextlib.aclosing(_answers(matrix, slots=1 if address else _slots(jobs))) as answers:
            async for each in answers:
                for settled in rounds.settled(await comparer.compare(each)):
                    yield settled


async def _answers(matrix: _DoorMatrix, *, slots: int) -> AsyncGenerator[HistoryAnswers, None]:
    """Yield what workers answer, as many of them at once as there are slots."""
    running = [asyncio.create_task(matrix.slot()) for _ in range(slots)]
    left = slots
    try:
        while left:
            answers = await matrix.answers.get()
            if isinstance(answers, Exception):
                raise answers
            if answers is None:
                left -= 1
            else:
                yield answers
    finally:
        for slot in running:
            slot.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@dataclass(kw_only=True)
class _ConditionQueue:
    """The histories that wait for the worker under one condition."""

    condition: Condition
    rest: deque[int]
    begun: bool = False

    @property
    def plain(self) -> bool:
        return self.condition.environment == PLAIN.environment


class _DoorMatrix:
    """Deals histories out to workers; what they answer is put into ``answers``, and None for each slot's end."""

    def __init__(
        self,
        histories: Sequence[StoredHistory],
        worker: WorkerCommand,
        *,
        chosen: Chosen,
        share: int,
        numbers: Iterator[int],
    ) -> None:
        self.answers: asyncio.Queue[HistoryAnswers | Exception | None] = asyncio.Queue(maxsize=4)
        self._histories = histories
        self._worker = worker
        self._share = share
        self._numbers = numbers
        # What happens in the plain environment is told there alike in every run, whatever happens beside it.
        self._losses: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        self._lost: dict[bool, set[int]] = {True: set(), False: set()}
        readable = [index for index, each in enumerate(histories) if each.binary and not each.failure]
        readable.sort(key=lambda index: -histories[index].events)  # a long one that came last would be waited for
        # Conditions of an environment of their own come before those that share the plain process, which stays the
        # first: they need a start each.
        ordered = sorted(chosen[1:], key=lambda each: each[0].environment == PLAIN.environment)
        self._lines = [
            _ConditionQueue(condition=each, rest=deque(_in_order(each, readable, only)))
            for each, only in [*chosen[:1], *ordered]
        ]

    async def slot(self) -> None:
        """Run one worker process after the other until no history waits for any condition."""
        try:
            while (line := self._next()) is not None:
                await self._session(line)
        except Exception as error:  # it is raised where the histories were asked for
            await self.answers.put(error)
        await self.answers.put(None)

    def _next(self) -> _ConditionQueue | None:
        """Return the condition that a free slot takes up: one that nobody has begun, or the one with most to do."""
        for line in self._lines:
            if line.rest and not line.begun:
                return line
        busiest = max(self._lines, key=lambda line: len(line.rest), default=None)
        return busiest if busiest and len(busiest.rest) >= max(self._share, 1) else None

    async def _session(self, first: _ConditionQueue) -> None:
        """Hand out histories to one worker process until none waits for any condition that it can make."""
        lines = [line for line in self._lines if line.condition.environment == first.condition.environment]
        for line in lines:
            line.begun = True
        name = f"worker-{next(self._numbers)}"
        try:
            async with ReplayWorker(self._worker, name=name, condition=first.condition.environment) as worker:
                for line in lines:
                    await self._deal(worker, line)
        except RigError as error:
            if first.plain:
                raise
            why = f"the worker does not run under this condition: {error}"
            for line in lines:
                while line.rest:
                    await self._skip(line.rest.popleft(), line, why)

    async def _deal(self, worker: ReplayWorker, line: _ConditionQueue) -> None:
        while line.rest:
            index = line.rest.popleft()
            try:
                await self._ask(worker, index, line)
            except RigError:
                line.rest.appendleft(index)
                raise

    async def _ask(self, worker: ReplayWorker, index: int, line: _ConditionQueue) -> None:
        """Hand out one history."""
        history = self._histories[index]
        if why := self._why_not(index, line):
            await self._skip(index, line, why)
            return
        assert history.binary is not None
        events = list((await asyncio.to_thread(read_stored, history.binary)).events)
        try:
            answers = await worker.replay(
                events, workflow_id=history.workflow_id, run_id=history.run_id, modes=line.condition.modes
            )
        except UsageError as error:
            await self._skip(index, line, str(error))
            return
        if any(answer.lost for answer in answers):
            self._lost[line.plain].add(index)
            self._losses[line.plain][history.workflow] += 1
        await self.answers.put(
            HistoryAnswers(index=index, history=history, condition=line.condition.name, events=events, answers=answers)
        )

    def _why_not(self, index: int, line: _ConditionQueue) -> str:
        """Say why a history is not handed out, or nothing."""
        workflow = self._histories[index].workflow
        kinds = {True, line.plain}
        if any(index in self._lost[kind] for kind in kinds):
            return "the worker was lost over it, or blocked by it, under another condition"
        losses = max(self._losses[kind][workflow] for kind in kinds)
        return f"not handed out: {workflow} has cost {losses} worker processes already" if losses >= LOSSES else ""

    async def _skip(self, index: int, line: _ConditionQueue, why: str) -> None:
        await self.answers.put(
            HistoryAnswers(index=index, history=self._histories[index], condition=line.condition.name, skipped=why)
        )


def _in_order(condition: Condition, readable: Sequence[int], only: Sequence[int] | None) -> list[int]:
    wanted = [index for index in readable if only is None or index in only]
    return wanted[::-1] if condition.backwards else wanted


def _slots(jobs: int) -> int:
    return jobs if jobs > 0 else min(JOBS, os.cpu_count() or 1)


def _converter(reference: str, cwd: Path) -> DataConverter:
    if str(cwd) not in sys.path:
        sys.path.insert(0, str(cwd))
    return named_converter(reference)
