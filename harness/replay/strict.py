"""Strict replay of history files: reads them, replays each under every condition, and judges what they came to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.histories.files import HistoryFile
from harness.histories.reading_pool import read_histories
from harness.histories.stored_history import StoredHistory
from harness.histories.unwrapping import LARGEST
from harness.records.replay_result import ReplayedHistory, ReplayResult
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.judging import Judge
from harness.replay.conditions import COLD, THROUGH_DOOR, WARM, Condition, chosen_conditions
from harness.replay.door.matrix import replay_through_door
from harness.replay.in_process.matrix import WorkflowCode, replay_in_process

Tell = Callable[[str, int, int], None]
"""Takes what goes on: in words, how much is done, and of how much."""

TIME_LIMIT = 30.0
"""Longest time in seconds that the replay of a history of few events may take."""

_MOST_NAMES = 4
_UNKNOWN_ID = "no workflow id is kept with it, {!r} was taken: code that uses its id may decide otherwise"


@dataclass(frozen=True, kw_only=True)
class DoorWorker:
    """The worker command that histories are replayed against, with what the user says of it.

    Attributes:
        command: Its command line.
        task_queue: Task queue to hand them to; empty: that of the recording, else the first that it polls.
        env: Further environment.
        address: Address that it has hard-coded.
        tls: Whether it insists on TLS, so that the door has to speak it.
        data_converter: ``module:attribute`` of its data converter, to open payloads that its codec encrypted.
    """

    command: str
    task_queue: str = ""
    env: dict[str, str] = field(default_factory=dict)
    address: str = ""
    tls: bool = False
    data_converter: str = ""


async def replay_all(
    files: Sequence[HistoryFile],
    *,
    against: DoorWorker | WorkflowCode,
    folder: Path,
    conditions: Sequence[str] = (),
    jobs: int = 0,
    largest: int = LARGEST,
    time_limit: float = TIME_LIMIT,
    tell: Tell = lambda _text, _done, _total: None,
) -> ReplayResult:
    """Replay every history against a worker process, or against workflow code in processes of its own.

    Args:
        files: The histories' files.
        against: The worker, or the code.
        folder: Folder for what is needed meanwhile, and for logs.
        conditions: Names of conditions, or of their groups; none: all. The reference is always among them.
        jobs: How many processes replay at a time; 0: one for each processor.
        largest: How many bytes a history may have.
        time_limit: Longest time in seconds that one replay may take, and 5 ms more for each event.
        tell: Told how far it is.

    Raises:
        UsageError: The code or the worker cannot be used, or there is no such condition.
        RigError: A process did not start.
    """
    began = time.monotonic()
    jobs = jobs or os.cpu_count() or 1
    way = _in_process(against, conditions) if isinstance(against, WorkflowCode) else _through_door(against, conditions)
    stored = await _read(files, folder=folder, jobs=jobs, largest=largest, tell=tell)
    groups = {condition.name: condition.group for condition in way.conditions}
    judge = Judge(reference=way.conditions[0].name, groups=groups)
    able = sum(1 for each in stored if each.binary)
    total, done = able * len(way.conditions), 0
    async with contextlib.aclosing(way.replay(stored, folder, jobs, time_limit)) as answers:
        async for answer in answers:
            judge.add(answer)
            done += 1
            tell(f"replaying, {answer.condition}", done, total)
    judged = tuple(judge.judged(index, _unjudged(each)) for index, each in enumerate(stored))
    unusable = tuple(f"{name} cannot be used: {why}" for name, why in way.unusable.items())
    return ReplayResult(against=way.name, histories=judged, seconds=time.monotonic() - began, unusable=unusable)


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One of the two ways to replay, with the conditions that were chosen for it; the first is the reference."""

    name: str
    conditions: tuple[Condition, ...]
    replay: Callable[[Sequence[StoredHistory], Path, int, float], AsyncGenerator[ConditionReplay, None]]
    unusable: dict[str, str] = field(default_factory=dict)


def _in_process(code: WorkflowCode, names: Sequence[str]) -> _Way:
    wanted = chosen_conditions(names)
    unusable: dict[str, str] = {}

    def replay(
        stored: Sequence[StoredHistory], folder: Path, jobs: int, limit: float
    ) -> AsyncGenerator[ConditionReplay, None]:
        return replay_in_process(
            stored, code=code, folder=folder, conditions=wanted, jobs=jobs, time_limit=limit, unusable=unusable
        )

    return _Way(
        name=_listed([*code.replayers, *code.modules]),
        conditions=wanted,
        replay=replay,
        unusable=unusable,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]} and {len(names) - 1} others"


def _through_door(worker: DoorWorker, names: Sequence[str]) -> _Way:
    wanted = chosen_conditions(names, of=THROUGH_DOOR, always=(WARM, COLD), way="with --worker ")

    def replay(
        stored: Sequence[StoredHistory], folder: Path, jobs: int, limit: float
    ) -> AsyncGenerator[ConditionReplay, None]:
        return replay_through_door(
            stored,
            command=worker.command,
            cwd=Path.cwd(),
            folder=folder,
            task_queue=worker.task_queue,
            jobs=jobs,
            conditions=wanted,
            env=worker.env,
            address=worker.address,
            tls=worker.tls,
            limit=limit,
            data_converter=worker.data_converter,
        )

    return _Way(
        name=worker.command,
        conditions=wanted,
        replay=replay,
    )


async def _read(
    files: Sequence[HistoryFile], *, folder: Path, jobs: int, largest: int, tell: Tell
) -> tuple[StoredHistory, ...]:
    place = folder / "histories"
    await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
    stored: list[StoredHistory] = []
    async with contextlib.aclosing(read_histories(files, folder=place, jobs=jobs, largest=largest)) as reading:
        async for each in reading:
            stored.append(each)
            tell("reading histories", len(stored), len(files))
    return tuple(stored)


def _unjudged(history: StoredHistory) -> ReplayedHistory:
    return ReplayedHistory(
        file=history.file.shown,
        workflow=history.workflow,
        workflow_id=history.workflow_id,
        run_id=history.run_id,
        events=history.events,
        reason=history.failure,
        note="" if history.workflow_id_known or history.failure else _UNKNOWN_ID.format(history.workflow_id),
    )
