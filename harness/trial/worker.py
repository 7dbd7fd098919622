"""The worker processes of one trial: started, watched, struck, recovered and started again."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import psutil

from harness.errors import RigError, UsageError, nearest
from harness.processes.command import command_words
from harness.processes.forkserver.pool import ForkServers
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import Process
from harness.records.act_facts import WorkerExited, WorkerOverstayed, WorkerReady, WorkerStarted
from harness.trial.nemesis import Nemesis

READY_LIMIT = 60.0
"""Seconds that a worker process may take from its start to its first poll."""

QUEUE_LIMIT = 5.0
"""Seconds that it may take from its first poll of any task queue to that of the scenario's."""


class WorkerProcesses:
    """The worker of one trial: one process after the other, the same command each time.

    Args:
        command: Command line of the worker, unmodified.
        environment: Gives the complete environment of the process of a number.
        logs: Folder of the log files.
        nemesis: Told of starts and exits.
        task_queue: Task queue that the worker must poll; empty: any.
        recover: Called with the number of a process that has been struck while the next one starts: frees what waits
            for it.
        strict: Whether an exit that nobody asked for ends the trial at once. A worker that starts its own work may
            exit by itself when the work is done.
        fork_servers: Where processes are forked if they can be; None: every one is started cold.
    """

    def __init__(
        self,
        *,
        command: str,
        environment: Callable[[int], Mapping[str, str]],
        logs: Path,
        nemesis: Nemesis,
        task_queue: str,
        recover: Callable[[int], Coroutine[Any, Any, None]],
        strict: bool,
        fork_servers: ForkServers | None = None,
    ) -> None:
        self.number = 0
        self.polled: set[str] = set()
        self.exited = asyncio.Event()
        self.process: Process | None = None
        self._command = command_words(command)
        self._environment = environment
        self._logs = logs
        self._nemesis = nemesis
        self._task_queue = task_queue
        self._recover = recover
        self._strict = strict
        self._fork_servers = fork_servers
        self._ready = asyncio.Event()
        self._polls_any = asyncio.Event()
        self._watching: set[asyncio.Task[None]] = set()
        self._all: dict[int, Process] = {}
        self._ending: set[int] = set()
        self._zombies: set[int] = set()

    async def start(self) -> None:
        """Start the next process, and wait until it polls.

        Raises:
            UsageError: The command is not found, or the worker polls another task queue than the scenario's.
            RigError: It exited or never polled; with the end of its log.
        """
        self.number += 1
        self._ready.clear()
        self._polls_any.clear()
        self.exited.clear()
        self.polled.clear()
        self.process, how = await self._new_process(f"worker-{self.number}")
        self._all[self.number] = self.process
        started = WorkerStarted(pid=self.process.pid, command=shlex.join(self._command), **how)
        self._nemesis.note("start-worker", worker=self.number, facts=started)
        watch = asyncio.create_task(self._watch(self.process, self.number))
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        if await self._until_ready(self.process):
            self._nemesis.note("worker-ready", worker=self.number, facts=WorkerReady(polls=sorted(self.polled)))

    async def _new_process(self, name: str) -> tuple[Process, dict[str, str]]:
        """Start a process, forked where that comes to the same, and say how it was started."""
        how, env = {"start": "cold"}, self._environment(self.number)
        if self._fork_servers:
            try:
                return await self._fork_servers.start(
                    self._command, number=self.number, name=name, logs=self._logs, env=env
                ), {"start": "forked"}
            except ColdStartError as error:
                how["why"] = str(error)
        return await Process.start(self._command, name=name, logs=self._logs, env=env), how

    async def start_again(self) -> None:
        """Wait until the killed process is gone, free what waits for it, and start the next one."""
        assert self.process is not None
        await self.process.kill()
        await self._start_while_recovering(self.number)

    async def start_after_end(self, *, limit: float) -> None:
        """Wait until the process that was asked to end has ended, and start the next one.

        A process that does not end within ``limit`` seconds is killed; the act ``worker-overstayed`` says so.
        """
        assert self.process is not None
        try:
            async with asyncio.timeout(limit):
                await self.process.wait()
        except TimeoutError:
            self._nemesis.note("worker-overstayed", worker=self.number, facts=WorkerOverstayed(limit=limit))
        self._nemesis.declare_dead(self.number)
        await self.start_again()

    async def start_beside(self, zombie: int) -> None:
        """Start the next process beside one that is stopped, and free what waits for that one."""
        await self._start_while_recovering(zombie)

    async def _start_while_recovering(self, struck: int) -> None:
        recovering = asyncio.create_task(self._recover(struck))
        try:
            await self.start()
        finally:
            await recovering

    def kill_now(self) -> int:
        """SIGKILL the process and all it started, without waiting; return its number."""
        if self.process:
            self.process.kill_now()
        return self.number

    def terminate_now(self) -> None:
        """Ask the process to end, with SIGTERM to all of its group."""
        self._ending.add(self.number)
        if self.process:
            self.process.signal_group(signal.SIGTERM)

    def pause_now(self) -> int:
        """Stop the process with SIGSTOP; return its number. From now on it is a zombie, and gets no task any more."""
        self._zombies.add(self.number)
        if self.process:
            self.process.signal_group(signal.SIGSTOP)
        return self.number

    def continue_now(self, zombie: int) -> None:
        """Let a stopped process go on."""
        self._all[zombie].signal_group(signal.SIGCONT)

    def is_ending(self, worker: int) -> bool:
        """Tell whether the process of that number was asked to end, so that the next one starts when it has."""
        return worker in self._ending

    def is_zombie(self, worker: int) -> bool:
        """Tell whether the process of that number was stopped while another one got its work."""
        return worker in self._zombies

    async def stop(self) -> None:
        """End every process, whatever it does."""
        for process in self._all.values():
            await process.kill()
        for watch in self._watching:
            watch.cancel()

    def polls(self, task_queue: str) -> None:
        """Learn from the door that the worker process polls a task queue."""
        self.polled.add(task_queue)
        self._polls_any.set()
        if not self._task_queue or task_queue == self._task_queue:
            self._ready.set()

    def sender(self, port: int) -> int:
        """Return the number of the worker process that owns the connection with that local port; 0 if none does.

        While a process is dying its connections can no longer be looked up: they are its own all the same.
        """
        if self._nemesis.died(self.number):
            return self.number
        zombies = (number for number in self._zombies if self._all[number].alive)
        for number in (*zombies, self.number):
            if number in self._all and _owns(self._all[number].pid, port):
                return number
        # A process that is just being started may connect before it is known here.
        return self.number if self.number in self._ending or self.number not in self._all else 0

    async def _until_ready(self, process: Process) -> bool:
        """Wait until the process polls; tell whether it does: it may have been struck, or have done its work, first."""
        number = self.number
        waits = (self._ready.wait(), process.wait(), self._polls_any.wait())
        ready, exited, polling = (asyncio.create_task(wait) for wait in waits)
        await asyncio.wait({ready, exited, polling}, timeout=READY_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        if polling.done():
            await asyncio.wait({ready, exited}, timeout=QUEUE_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        for task in (ready, exited, polling):
            task.cancel()
        if self._nemesis.died(number) or number in self._ending:
            return False
        if self._ready.is_set() or (not self._strict and process.exit_status == 0):
            return self._ready.is_set()
        if process.exit_status is not None:
            raise RigError(
                f"the worker exited with status {process.exit_status} before it polled: {shlex.join(self._command)}",
                log=process.log_tail(),
            )
        if self.polled:
            raise UsageError(
                f"the worker polls {', '.join(map(repr, sorted(self.polled)))}, but nobody polls "
                f"{self._task_queue!r}{nearest(self._task_queue, self.polled)}: give the task queue that it polls"
            )
        raise RigError(
            f"the worker runs, but did not poll within {READY_LIMIT:g} s: does it connect to TEMPORAL_ADDRESS "
            "(if its address is hard-coded, give it with --address)?",
            log=process.log_tail(),
        )

    async def _watch(self, process: Process, number: int) -> None:
        status = await process.wait()
        expected = self._nemesis.died(number) or number in self._ending or number in self._zombies
        self._nemesis.note("worker-exit", worker=number, facts=WorkerExited(exit_status=status, expected=expected))
        if expected:
            return
        if process.lost:
            self._nemesis.failure = RigError(f"{process.name} died with the process that it was forked from")
        self.exited.set()


def _owns(pid: int, port: int) -> bool:
    """Tell whether a process or one below it has a connection with that local port, or is gone so that none can say."""
    try:
        root = psutil.Process(pid)
        return any(
            connection.laddr.port == port
            for found in (root, *root.children(recursive=True))
            for connection in found.net_connections("tcp")
        )
    except psutil.Error:
        return True
