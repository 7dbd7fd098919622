"""Turns: how many trials run at a time, over all scenarios of a run, and which have the machine for themselves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Container, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from harness.sweeps.places import SweepPlaces


@dataclass(frozen=True)
class UnderWay:
    """A trial that runs now.

    Attributes:
        what: Its scenario and plan, in words.
        trial: Its id.
        began: When it began, on the monotonic clock.
        quiet: Whether it runs in quiet.
    """

    what: str
    trial: str
    began: float
    quiet: bool = False


class Turns:
    """Gives trials their turn, in the order in which they ask for it.

    Trials in quiet come last: they begin once no other one runs or waits, and only so many at a time that each has a
    processor for itself, beside those that need none (``only_wait``). So a sweep is not held up, and waits for its
    longest trial once and not once for each of them. Those that others wait for, the undisturbed ones of their sweeps,
    come first of them, and all at once: were each followed by what it leads to, the processors would be idle while the
    last ones of one sweep after the other run.

    Attributes:
        limit: How many trials run at a time.
        under_way: What runs now.
        places: Gives sweeps, which have many trials each, their places.

    Args:
        limit: How many at first.
        most: How many it may become where the machine has room (``harness.sweeps.pace``); 0: it stays as it is.
    """

    def __init__(self, limit: int, *, most: int = 0) -> None:
        self.limit = limit
        self.most = most
        self._free = asyncio.Semaphore(limit)
        self._owed = 0  # turns that are not given back when they end, since the limit was lowered meanwhile
        self._most_in_quiet = min(limit, os.cpu_count() or 1)
        self._own: list[UnderWay] = []  # of those under way which have their turn from here
        self._only_wait: Container[str] = ()
        self._asked = 0  # how many trials run beside others or wait to
        self._quiet = 0  # how many run in quiet
        self._is_quiet = False  # whether none has begun beside others since one began in quiet
        self._leading = 0  # how many wait for quiet that others wait for
        self._changed = asyncio.Event()
        self.under_way: list[UnderWay] = []
        self.places = SweepPlaces()
        self._of_port: dict[str, Turns] = {}

    def one_at_a_time(self, port: str) -> Turns:
        """Return turns for all that need a port: one at a time, whatever others do; they are under way here, too."""
        if port not in self._of_port:
            turns = self._of_port[port] = Turns(1)
            turns.under_way, turns.places = self.under_way, self.places
        return self._of_port[port]

    @property
    def all_taken(self) -> bool:
        """Whether a trial would have to wait for its turn."""
        return self._free.locked()

    @asynccontextmanager
    async def one(self, what: str, *, trial: str = "") -> AsyncIterator[None]:
        """Wait until none runs in quiet, and for a turn beside others; ``what`` says in words what has it."""
        self._asked += 1
        try:
            await self._free.acquire()
            try:
                await self._until(lambda: not self._quiet and not (self._is_quiet and self._leading))
                self._is_quiet = False
                with self._named(what, trial):
                    yield
            finally:
                self._give_back()
        finally:
            self._asked -= 1
            self._changed.set()

    @asynccontextmanager
    async def in_quiet(self, what: str, *, trial: str = "", leads: bool = False) -> AsyncIterator[None]:
        """Wait until no trial runs beside others or waits to; none begins meanwhile. ``what`` is as for ``one``.

        One that asks for a turn beside others waits for those in quiet that run, and for those that lead to others.

        Args:
            what: What has the turn, in words.
            trial: Id of the trial.
            leads: Whether others can only begin when it is over.
        """
        self._leading += leads
        try:
            await self._until(lambda: self._may_begin_in_quiet(leads=leads))
            self._quiet += 1
            self._is_quiet = True
        finally:
            self._leading -= leads
            self._changed.set()
        try:
            with self._named(what, trial, quiet=True):
                yield
        finally:
            self._quiet -= 1
            self._changed.set()

    def _may_begin_in_quiet(self, *, leads: bool) -> bool:
        waiting = [each.quiet for each in self._own if each.trial in self._only_wait]
        if self._quiet >= self._most_in_quiet + min(waiting.count(True), self.most):
            return False
        is_quiet = self._asked <= waiting.count(False)
        return (is_quiet or self._is_quiet) if leads else (is_quiet and not self._leading)

    def only_wait(self, trials: Container[str]) -> None:
        """Learn which trials under way do nothing but wait, by their ids; those in quiet run as if these did not."""
        self._only_wait = trials
        self._changed.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def change(self, limit: int) -> None:
        """Let so many trials run at a time from now on; those under way go on."""
        for _ in range(limit - self.limit):
            self._give_back()
        self._owed += max(0, self.limit - limit)
        self.limit = limit

    def _give_back(self) -> None:
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()

    def waited_for(self, doing: Callable[[str], str] = lambda trial: "") -> list[str]:
        """Say what is under way, the longest first: ``model-400@… (12 s): ask_model 1``.

        Args:
            doing: Returns what the agent does in a trial, by its id; an empty text where nothing is known.
        """
        now = time.monotonic()
        lines = []
        for each in sorted(self.under_way, key=lambda each: each.began):
            seen = doing(each.trial)
            lines.append(f"{each.what} ({now - each.began:.0f} s)" + (f": {seen}" if seen else ""))
        return lines

    @contextmanager
    def _named(self, what: str, trial: str, *, quiet: bool = False) -> Iterator[None]:
        one = UnderWay(what, trial, time.monotonic(), quiet)
        lists = (self.under_way, self._own)
        for each in lists:
            each.append(one)
        try:
            yield
        finally:
            for each in lists:
                each.remove(one)
