"""The registry of a trial's worker processes: which there are, what has become of each, and who owns a connection."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import Callable
from typing import Literal

import psutil

from harness.processes.process import Process

Tasks = Literal["workflow", "activity"]
"""What a worker process polls a task queue for."""


class WorkerRegistry:
    """The worker processes of one trial, numbered from 1. It starts none; it knows them, and signals them.

    It is there before the doors and the processes themselves, so that each of them can ask it about the others.

    A worker process is *dead* from the moment at which a strike killed it, though the kernel may take a little longer;
    it is *ending* once it was asked to end; it is a *zombie* once it was stopped while another one got its work.

    Attributes:
        number: Number of the newest process, which may just be starting; 0 before the first.
        polled: By task queue that the newest process polls, for which tasks: ``workflow``, ``activity``.
    """

    def __init__(self) -> None:
        self.number = 0
        self.polled: defaultdict[str, set[Tasks]] = defaultdict(set)
        self._processes: dict[int, Process] = {}
        self._dead: set[int] = set()
        self._ending: set[int] = set()
        self._zombies: set[int] = set()
        self._polls_another = asyncio.Event()

    @property
    def process(self) -> Process | None:
        """The newest process that was started, which may have ended; None before the first."""
        return next(reversed(self._processes.values()), None)

    def next_number(self) -> int:
        """Give the number of a process that is about to be started; it has polled nothing yet."""
        self.number += 1
        self.polled.clear()
        return self.number

    def add(self, process: Process) -> None:
        """Learn of the process of the newest number."""
        self._processes[self.number] = process

    def died(self, worker: int) -> bool:
        """Tell whether the worker process of that number was struck dead: nothing it sends counts any more."""
        return worker in self._dead

    def is_ending(self, worker: int) -> bool:
        """Tell whether the process of that number was asked to end, so that the next one starts when it has."""
        return worker in self._ending

    def is_zombie(self, worker: int) -> bool:
        """Tell whether the process of that number was stopped while another one got its work."""
        return worker in self._zombies

    def may_end(self, worker: int) -> bool:
        """Tell whether a strike wanted the process of that number to end, or made it a zombie."""
        return self.died(worker) or self.is_ending(worker) or self.is_zombie(worker)

    def declare_dead(self, worker: int) -> None:
        """Say that the worker process of that number has ended as a strike wanted it to."""
        self._dead.add(worker)

    def kill_now(self) -> int:
        """SIGKILL the newest process and all it started, without waiting; return its number."""
        if self.process:
            self.process.kill_now()
        return self.number

    def terminate_now(self) -> None:
        """Ask the newest process to end, with SIGTERM to all of its group."""
        self._ending.add(self.number)
        if self.process:
            self.process.signal_group(signal.SIGTERM)

    def pause_now(self) -> int:
        """Stop the newest process and all it started with SIGSTOP; return its number.

        It is a zombie now, and gets no task any more.
        """
        self._zombies.add(self.number)
        if self.process:
            self.process.signal_all(signal.SIGSTOP)
        return self.number

    def continue_now(self, zombie: int) -> None:
        """Let a stopped process go on."""
        self._processes[zombie].signal_all(signal.SIGCONT)

    async def kill_all(self) -> None:
        """End every process, whatever it does, and forget it."""
        for number in list(self._processes):
            await self._processes[number].kill()
            del self._processes[number]

    def polls(self, task_queue: str, *, tasks: Tasks) -> None:
        """Learn from the door that the newest process polls a task queue."""
        self.polled[task_queue].add(tasks)
        self._polls_another.set()

    def queues_for(self, tasks: Tasks) -> list[str]:
        """Return the task queues that the newest process polls for such tasks."""
        return [queue for queue, polled_for in self.polled.items() if tasks in polled_for]

    async def until_polled(self, is_enough: Callable[[], object]) -> None:
        """Wait until what the newest process polls is enough."""
        while not is_enough():
            self._polls_another.clear()
            await self._polls_another.wait()

    def sender(self, port: int) -> int:
        """Return the number of the worker process that owns the connection with that local port; 0 if none does.

        What it has started is part of it. While a process is dying its connections can no longer be looked up: they
        are its own all the same.
        """
        if self.died(self.number):
            return self.number
        zombies = (number for number in self._zombies if self._processes[number].alive)
        for number in (*zombies, self.number):
            if number in self._processes and _owns(self._processes[number], port):
                return number
        # A process that is just being started may connect before it is known here.
        return self.number if self.is_ending(self.number) or self.number not in self._processes else 0


def _owns(process: Process, port: int) -> bool:
    """Tell whether a process or one that it started has a connection with that local port, or ended so that it may."""
    return any(port in _ports(pid) for pid in process.pids()) or not process.alive


def _ports(pid: int) -> set[int]:
    """Return the local ports of the connections of a process; none if it is gone."""
    try:
        return {connection.laddr.port for connection in psutil.Process(pid).net_connections("tcp") if connection.laddr}
    except psutil.Error:
        return set()
