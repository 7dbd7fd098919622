"""The nemesis: told of every message at every door, it lets it go or strikes there as the plan says."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from harness.plan import Plan, Strike
from harness.points import Point, meets
from harness.tape import Entry

Decision = Literal["go", "drop"]
"""What a door does with a message: let it go on, or let it end there unheard."""

Listener = Callable[[Point], Awaitable[None]]
"""Told of a point while its message is held; the message waits until it returns."""


class Victim(Protocol):
    """What a fault can be carried out on: the worker process of one trial."""

    @property
    def number(self) -> int:
        """Which worker process of the trial it is, from 1."""

    def kill_now(self) -> None:
        """SIGKILL the worker process and all it started, without waiting."""

    async def start_again(self) -> None:
        """Wait until the struck worker process is gone, recover what waits for it, and start the next one."""


class Nemesis:
    """Holds messages, keeps the tape, and strikes.

    The data path of one message::

        worker ──request──▶ meet(before) ──▶ executed ──▶ meet(after) ──answer──▶ worker
                              │ strike?                     │ strike?
                              ▼                             ▼
                            drop: never executed          drop: executed, never heard

    From the moment of a strike until the struck process is gone every message of it is dropped: it is dead, and only
    the kernel has not noticed yet.
    """

    def __init__(self, plan: Plan, *, listen: Listener | None = None) -> None:
        self.tape: list[Entry] = []
        self.failure: BaseException | None = None
        self._waiting: list[Strike] = list(plan.strikes)
        self._victim: Victim | None = None
        self._listen = listen
        self._dead = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def threaten(self, victim: Victim) -> None:
        """Say what the strikes are carried out on."""
        self._victim = victim

    def note(self, operation: str, *, worker: int = 0, **facts: Any) -> None:
        """Put on the tape what crashproof did or saw itself."""
        self.tape.append(Entry(at=time.time(), kind="act", operation=operation, worker=worker, facts=facts))
        self._changed.set()

    def died(self, worker: int) -> bool:
        """Tell whether the worker process of that number was struck: nothing it sends counts any more."""
        return 0 < worker <= self._dead

    async def meet(self, entry: Entry) -> Decision:
        """Put a message on the tape, hold it, and say whether it goes on."""
        if self.died(entry.worker):
            if entry.kind == "reply":
                self.tape.append(entry)
            self._drop(entry)
            return "drop"
        self.tape.append(entry)
        self._changed.set()
        if entry.point is None:
            return "go"
        if self._listen:
            await self._listen(entry.point)
            if self.died(entry.worker):
                self._drop(entry)
                return "drop"
        if self._waiting and self._victim and meets(entry.point.id, self._waiting[0].point):
            self._strike(self._waiting.pop(0), entry.point)
            self._drop(entry)
            return "drop"
        return "go"

    def unanswered(self, operation: str) -> bool:
        """Tell whether a message of that operation is on its way: neither answered nor dropped."""
        told = [entry for entry in self.tape if entry.operation == operation]
        ended = {entry.message for entry in told if entry.kind != "request"}
        return any(entry.message not in ended for entry in told)

    async def changed(self, *, timeout: float) -> None:
        """Wait until something is put on the tape, or for ``timeout`` seconds."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    def finish(self) -> None:
        """Strike no more, and give up healing: the trial is over."""
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()

    def _strike(self, strike: Strike, met: Point) -> None:
        assert self._victim is not None
        victim = self._victim
        self._dead = victim.number
        victim.kill_now()
        self.note("strike", worker=victim.number, fault=strike.fault, point=met.id)
        task = asyncio.create_task(self._heal(victim))
        self._tasks.add(task)
        task.add_done_callback(self._healed_one)

    async def _heal(self, victim: Victim) -> None:
        await victim.start_again()
        self.note("heal", worker=victim.number)

    def _healed_one(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.failure = task.exception()
        self._changed.set()

    def _drop(self, entry: Entry) -> None:
        self.tape.append(
            Entry(
                at=time.time(),
                kind="dropped",
                door=entry.door,
                operation=entry.operation,
                message=entry.message,
                worker=entry.worker,
            )
        )
        self._changed.set()
