"""Replays every history in process under every condition, in several child processes at a time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

from harness.errors import KilledError, RigError
from harness.histories.stored_history import StoredHistory
from harness.processes.forkserver.children import ChildForks
from harness.records.replay_result import Replay
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.mixed_answers import MixedAnswers
from harness.replay.conditions import IN_PROCESS, PREFIX_EVENTS, Condition
from harness.replay.in_process.process import ReplayProcess
from harness.replay.in_process.protocol import ReplayRequest, Setup
from harness.replay.no_doors import NO_DOORS

MOST_BLOCKED = 2
"""Under how many conditions a history is tried that takes too long under each."""

AHEAD = 2
"""How many histories a process has been asked for at a time, so that it never waits for its next one."""

SHARD_FROM = 40
"""From how many histories on they are shared out to several processes of the same condition."""


MEMORY = 4 * 1024**3
"""How many bytes of memory a process that replays may have."""

UseProcess = Callable[[Condition], AbstractAsyncContextManager[ReplayProcess]]
"""Gives a process that makes a condition, for as long as it is entered."""

_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True)
class WorkflowCode:
    """The workflow code that histories are replayed against: its modules, or functions that make Replayers.

    Attributes:
        modules: Where the workflows are: ``module`` or ``module:Class``.
        replayers: Each ``module:function`` that returns a ``temporalio.worker.Replayer``; asked before ``modules``.
        data_converter: ``module:attribute`` of the data converter for ``modules``.
        memory: How many bytes of memory each process may have; 0: any.
        cwd: Folder in which the processes run, first on their import path.
        env: Further environment, that of the worker where it has some of its own.
        worker: Command of the worker whose histories they are: some processes may be forked where it is.
    """

    modules: Sequence[str] = ()
    replayers: Sequence[str] = ()
    data_converter: str = ""
    memory: int = MEMORY
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    worker: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from other code, whoever the worker is."""
        env = frozenset(self.env.items())
        return tuple(self.modules), tuple(self.replayers), self.data_converter, self.memory, self.cwd, env


async def replay_in_process(
    histories: Sequence[StoredHistory],
    *,
    code: WorkflowCode,
    folder: Path,
    conditions: Sequence[Condition] = IN_PROCESS,
    jobs: int = 2,
    time_limit: float = 30.0,
    unusable: dict[str, str] | None = None,
    use: UseProcess | None = None,
) -> AsyncGenerator[ConditionReplay, None]:
    """Yield what came of each history under each condition, as it comes.

    It goes in three rounds, of which most histories need one: conditions that fit together are tried as one; those
    of a mix that changed something are tried each alone; and where a condition did, the history is replayed ``AGAIN``.

    A history over which the process is lost is told so, and is not replayed under further conditions but the first one,
    nor is one that took too long under the first ones; the rest goes on in a new process.

    Args:
        histories: The histories; one without a file is passed over.
        code: The workflow code.
        folder: Folder for logs and decisions.
        conditions: The conditions; the first one is what the others are compared with.
        jobs: How many processes replay at a time.
        time_limit: Longest time in seconds that one replay may take, and 5 ms more for each event.
        unusable: Gets each module that cannot be imported, with the reason; the others are replayed against.
        use: Gives the process of a condition; None: a new one for each unit of work.

    Raises:
        UsageError: None of the modules can be imported and holds a workflow.
        RigError: A process did not start.
    """
    unusable = {} if unusable is None else unusable
    use = use or functools.partial(new_process, code=code, folder=folder, time_limit=time_limit, unusable=unusable)
    matrix = _Matrix(histories, use=use, reference=conditions[0])
    rounds = MixedAnswers(conditions)
    for chosen in (rounds.first, rounds.apart, rounds.again):
        units = matrix.units(chosen(), jobs=jobs)
        async with contextlib.aclosing(_answers(matrix, units, jobs=jobs)) as answers:
            async for answer in answers:
                for each in rounds.settled(answer):
                    yield each


async def _answers(matrix: _Matrix, units: list[_Unit], *, jobs: int) -> AsyncGenerator[ConditionReplay, None]:
    """Yield what comes of units of work, of which some are done at a time."""
    answers: asyncio.Queue[ConditionReplay | None] = asyncio.Queue()

    async def work() -> None:
        while units:
            async for answer in matrix.replay(units.pop(0)):
                await answers.put(answer)

    async def work_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, min(jobs, len(units)))):
                    group.create_task(work())
        finally:
            await answers.put(None)

    working = asyncio.create_task(work_all())
    try:
        while (answer := await answers.get()) is not None:
            yield answer
        await working
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup):
            await working


@contextlib.asynccontextmanager
async def new_process(
    condition: Condition,
    *,
    code: WorkflowCode,
    folder: Path,
    time_limit: float,
    unusable: dict[str, str],
    forks: ChildForks | None = None,
) -> AsyncIterator[ReplayProcess]:
    """Start a process that makes a condition; it is gone when it is left.

    Args:
        condition: The condition.
        code: The workflow code.
        folder: Folder for logs and decisions.
        time_limit: Longest time in seconds that one replay may take, and 5 ms more for each event.
        unusable: The modules that are left out; gets those that turn out so, with the reason.
        forks: Forks it if it can; None: nobody does.

    Raises:
        UsageError: None of the modules can be imported and holds a workflow.
        RigError: The process did not start.
    """
    setup = Setup(
        modules=[name for name in code.modules if name not in unusable],
        data_converter=code.data_converter,
        replayers=[name for name in code.replayers if name not in unusable],
        decisions_file=str(folder / f"decided-{next(_NUMBERS)}"),
        fresh=condition.fresh,
        clock=condition.clock,
        memory=code.memory,
        unusable=unusable,
    )
    environment = {**NO_DOORS, **code.env, **condition.environment}
    async with ReplayProcess(
        setup,
        cwd=code.cwd,
        logs=folder / "logs",
        time_limit=time_limit,
        environment=environment,
        forks=forks,
        worker=code.worker if condition.fits_beside_worker else "",
    ) as process:
        unusable.update(process.unusable)
        yield process


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """Histories that one process replays, under conditions that share a process."""

    conditions: tuple[Condition, ...]
    indices: tuple[int, ...]


class _Matrix:
    """Replays histories unit by unit, and remembers those over which a process was lost or blocked.

    Under the reference each history is replayed: without an answer to that there is none to any other condition.
    """

    def __init__(self, histories: Sequence[StoredHistory], *, use: UseProcess, reference: Condition) -> None:
        self._histories = histories
        self._use = use
        self._reference = reference.name
        self._lost: set[int] = set()
        self._killed: set[int] = set()
        self._slow: set[int] = set()
        self._answered: set[int] = set()
        self._blocked: Counter[int] = Counter()

    def units(self, chosen: Sequence[tuple[Condition, Sequence[int] | None]], *, jobs: int) -> list[_Unit]:
        """Return what is to be done, in its order: conditions that share a process come together.

        Args:
            chosen: Each condition with the histories that are replayed under it; None: all.
            jobs: How many processes replay at a time.
        """
        order = list(dict.fromkeys(condition.process for condition, _ in chosen))
        ordered = sorted(chosen, key=lambda each: order.index(each[0].process))
        units: list[_Unit] = []
        for _, together in groupby(ordered, key=lambda each: (each[0].process, each[1])):
            same = list(together)
            indices = same[0][1]
            wanted = range(len(self._histories)) if indices is None else indices
            able = [index for index in wanted if self._histories[index].binary]
            shards = _shared_out(able, self._histories, jobs if len(able) >= SHARD_FROM else 1)
            units += [_Unit(conditions=tuple(condition for condition, _ in same), indices=shard) for shard in shards]
        return units

    async def replay(self, unit: _Unit) -> AsyncIterator[ConditionReplay]:
        """Replay one unit, with a new process whenever the last one was lost."""
        todo = deque((condition, index) for condition in unit.conditions for index in _ordered(unit.indices, condition))
        while any(self._is_due(*each) for each in todo):
            async with (
                self._use(unit.conditions[0]) as process,
                contextlib.aclosing(self._replay(process, todo)) as answers,
            ):
                async for answer in answers:
                    yield answer

    async def _replay(
        self, process: ReplayProcess, todo: deque[tuple[Condition, int]]
    ) -> AsyncGenerator[ConditionReplay, None]:
        """Replay what is to be done, until that is all, or the process is of no more use."""
        asked: deque[tuple[Condition, int]] = deque()
        while todo or asked:
            while todo and len(asked) < AHEAD:
                condition, index = todo.popleft()
                if self._is_due(condition, index):
                    await process.tell(self._request(condition, index))
                    asked.append((condition, index))
            if not asked:
                return
            first = asked.popleft()
            answer = await self._answer(process, *first)
            if answer is None:
                todo.extendleft(reversed([first, *asked]))
                await process.end()
                return
            # What blocks a workflow's thread stays there, and takes part in whatever comes next.
            ended = answer.replay.lost or answer.replay.blocked
            if ended:
                todo.extendleft(reversed(asked))
                await process.end()
            yield answer
            if ended:
                return

    def _is_due(self, condition: Condition, index: int) -> bool:
        return index not in self._lost or condition.name == self._reference

    def _request(self, condition: Condition, index: int) -> ReplayRequest:
        history = self._histories[index]
        return ReplayRequest(
            index=index,
            condition=condition.name,
            workflow=history.workflow,
            workflow_id=history.workflow_id,
            run_id=history.run_id,
            binary=str(history.binary),
            watched=condition.watched,
            times=condition.times,
            prefixes=PREFIX_EVENTS if condition.prefixes else 0,
        )

    async def _answer(self, process: ReplayProcess, condition: Condition, index: int) -> ConditionReplay | None:
        """Return what came of a replay; None: it is to be asked for once more.

        That its process was killed may not be its doing, nor that it took too long: a machine that stands still for two
        seconds does the same. It is where it comes again.
        """
        history = self._histories[index]
        events = _most_prefixes(history) if condition.prefixes else history.events * condition.times
        try:
            answer = await process.answer(self._request(condition, index), events=events)
        except RigError as error:
            if isinstance(error, KilledError) and index not in self._killed:
                self._killed.add(index)
                return None
            lost = str(error)
            replay = Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=lost, lost=lost)
            answer = ConditionReplay(index=index, condition=condition.name, replay=replay)
        if answer.replay.blocked and index not in self._slow:
            self._slow.add(index)
            return None
        if answer.replay.lost or self._blocks(index, answer.replay):
            self._lost.add(index)
        return answer

    def _blocks(self, index: int, replay: Replay) -> bool:
        """Tell whether a history was blocked time and again and never answered: code that blocks, and not load."""
        if not replay.blocked:
            self._answered.add(index)
        else:
            self._blocked[index] += 1
        return index not in self._answered and self._blocked[index] >= MOST_BLOCKED


def _most_prefixes(history: StoredHistory) -> int:
    """Return how many events the prefixes of a history may have together."""
    return min(PREFIX_EVENTS, history.events * max(1, history.tasks))


def _ordered(indices: Sequence[int], condition: Condition) -> Sequence[int]:
    return indices[::-1] if condition.backwards else indices


def _shared_out(indices: Sequence[int], histories: Sequence[StoredHistory], shards: int) -> list[tuple[int, ...]]:
    """Share histories out so that each shard has about as many events; in each they keep their order."""
    events: Mapping[int, int] = {index: histories[index].events for index in indices}
    shared: list[list[int]] = [[] for _ in range(shards)]
    sizes = [0] * shards
    for index in sorted(indices, key=lambda each: -events[each]):
        smallest = sizes.index(min(sizes))
        shared[smallest].append(index)
        sizes[smallest] += events[index] + 20
    return [tuple(sorted(each)) for each in shared if each]
