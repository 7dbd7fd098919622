"""How long a campaign takes on many machines: simulated by its own rule for batches, from recorded lengths of trials.

A machine makes so many trials at a time, of the batches that it has; a lane of a scenario asks for the next batch when
the one before is done, and the machine that is warm takes it; a round begins when the one before is over. What it costs
to ask, and the undisturbed trials, take their time.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.campaign.batches import SCENARIOS_AT_A_TIME, lanes_for, lanes_of_round, next_size, plans_a_lane
from harness.campaign.worker import BATCHES

LENGTHS: tuple[float, ...] = tuple(json.loads((Path(__file__).parent / "trial_lengths.json").read_text()))
"""Seconds that each trial of a sweep took."""

SCENARIOS, PLANS, RECOVERIES = 40, 2_500, 50
"""What is simulated: scenarios, plans of the first round of each, and of the second."""

BATCH, AT_A_TIME = 50, 2
"""Trials of a batch at most; trials that a machine makes at a time."""

STARTING = 3.0
"""Seconds that a machine takes for its server and what it forks workers from, before its first trial."""

ASKING = 0.1
"""Seconds from the end of a batch to the first trial of the next one: its result, a workflow task, what it fetches."""


@dataclass
class _Machine:
    busy: int = 0
    batches: int = 0
    warm: bool = False
    waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)


@dataclass
class Simulation:
    """One campaign on so many machines; ``run`` returns how many seconds it takes.

    Attributes:
        machines: How many machines there are.
        seed: Which trial takes how long is drawn anew for each.
    """

    machines: int
    seed: int = 1
    now: float = 0.0
    work: float = 0.0

    def __post_init__(self) -> None:
        self._all = [_Machine() for _ in range(self.machines)]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._queue: deque[Callable[[_Machine], None]] = deque()
        self._random = random.Random(self.seed)
        self._lanes = lanes_for(self.machines)

    def run(self) -> float:
        """Simulate it."""
        for _ in range(SCENARIOS):
            self._ask(self._undisturbed)
        while self._events:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        return self.now

    def _ask(self, batch: Callable[[_Machine], None]) -> None:
        """Have a machine take a batch that has room for one, the least busy first; until then it waits."""
        self._queue.append(batch)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._queue and (free := [each for each in self._all if each.batches < BATCHES]):
            self._take(min(free, key=lambda each: each.batches), self._queue.popleft())

    def _take(self, machine: _Machine, batch: Callable[[_Machine], None]) -> None:
        machine.batches += 1
        self._after(ASKING if machine.warm else STARTING, lambda: batch(machine))
        machine.warm = True

    def _after(self, seconds: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), happens))

    def _undisturbed(self, machine: _Machine) -> None:
        """Make two trials one after the other, then all batches of two rounds."""

        def over() -> None:
            machine.batches -= 1
            self._round([PLANS, RECOVERIES])
            self._hand_out()

        self._trial(machine, lambda: self._trial(machine, over))

    def _round(self, plans: list[int]) -> None:
        if not plans:
            return
        left, under_way = plans[0], 0
        each = plans_a_lane(scenarios=SCENARIOS, at_a_time=SCENARIOS_AT_A_TIME * self.machines)
        lanes = lanes_of_round(left, most=self._lanes, each=each)

        def lane(machine: _Machine | None) -> None:
            nonlocal left, under_way
            if not left:
                if not under_way:
                    self._after(ASKING, lambda: self._round(plans[1:]))
                return
            size = next_size(left, most=BATCH, lanes=lanes)
            left, under_way = left - size, under_way + 1

            def made(by: _Machine) -> None:
                nonlocal under_way
                under_way -= 1
                by.batches -= 1
                lane(by)
                self._hand_out()

            def batch(by: _Machine) -> None:
                self._batch(by, size, lambda: made(by))

            if machine:  # it is warm, and has just ended one
                self._take(machine, batch)
            else:
                self._ask(batch)

        for _ in range(lanes):
            if left:
                lane(None)

    def _batch(self, machine: _Machine, size: int, made: Callable[[], None]) -> None:
        remaining = size

        def one() -> None:
            nonlocal remaining
            remaining -= 1
            if not remaining:
                made()

        for _ in range(size):
            self._trial(machine, one)

    def _trial(self, machine: _Machine, ended: Callable[[], None]) -> None:
        seconds = self._random.choice(LENGTHS)
        self.work += seconds
        machine.waiting.append((seconds, ended))
        self._begin(machine)

    def _begin(self, machine: _Machine) -> None:
        while machine.waiting and machine.busy < AT_A_TIME:
            seconds, ended = machine.waiting.popleft()
            machine.busy += 1
            self._after(seconds, lambda ended=ended: self._end(machine, ended))  # type: ignore[misc]

    def _end(self, machine: _Machine, ended: Callable[[], None]) -> None:
        machine.busy -= 1
        ended()
        self._begin(machine)


@dataclass(frozen=True)
class Makespan:
    """One row of the table; seconds.

    Attributes:
        machines: How many machines there are.
        ideal: All trials, divided by all that are made at a time.
        took: How long the campaign takes.
    """

    machines: int
    ideal: float
    took: float

    @property
    def ratio(self) -> float:
        """By what it is longer than the ideal."""
        return self.took / self.ideal


def makespans(machines: tuple[int, ...] = (1, 10, 100, 1_000)) -> list[Makespan]:
    """Simulate the campaign on so many machines each."""
    rows = []
    for number in machines:
        simulated = Simulation(machines=number)
        took = simulated.run()
        rows.append(Makespan(number, simulated.work / (number * AT_A_TIME), took))
    return rows


def as_table(rows: list[Makespan]) -> list[str]:
    """Return the rows of the table in the docs."""
    return [f"| {row.machines:,} | {_shown(row.ideal)} | {_shown(row.took)} | {row.ratio:.2f} |" for row in rows]


def _shown(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"
