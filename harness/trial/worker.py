"""The worker of one trial: its processes are started one after the other, watched, and started again when struck."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.errors import KilledError, UsageError, nearest
from harness.processes.command import WorkerCode, command_words
from harness.processes.failed_start import failed_start
from harness.processes.forkserver.pool import ForkServers
from harness.processes.forkserver.program import ColdStartError
from harness.processes.process import Process
from harness.processes.starting import wait_for_start
from harness.records.act_facts import WorkerExited, WorkerOverstayed, WorkerReady, WorkerStarted
from harness.records.point import GOODBYE
from harness.trial.ended_well import ended_well
from harness.trial.live_tape import LiveTape
from harness.trial.registry import Tasks, WorkerRegistry

READY_LIMIT = 60.0
"""Seconds that a worker process may take from its start to its first poll."""

QUEUE_LIMIT = 10.0
"""Seconds that it may take from its first poll of any task queue to that of the scenario's."""

_REGISTERS: Mapping[Tasks, str] = {"workflow": "a workflow", "activity": "an activity"}
_TAKES_NO_TASK = (GOODBYE, "worker-exit")

Version = Literal["own", "next"]
"""Which code a worker process runs: that of the worker's own command, or the next version of it."""

Recover = Callable[[int], Coroutine[Any, Any, None]]
"""Frees what waits for the worker process of a number, which has been struck."""


class WorkerProcesses:
    """The worker of one trial: one process after the other, of the same command until its code is changed.

    How one process follows another after a strike; each step waits for the one before it::

        1  the struck process is dead (killed), has ended (terminated) or is stopped (paused)
        2  its work is freed beside step 3: see ``harness.trial.recovery``
        3  the next process starts, and polls: only now can a task reach it
        4  both are done, and the strike counts as healed

    What a failure in between leaves: a process that does not start (3) ends the trial with its log, whatever is still
    being freed; one that is struck again while it starts (3) is not waited for, since the second strike brings its own
    steps 1 to 4; a trial that is over before step 4 gives the rest up.

    Attributes:
        registry: The processes.
        exited: Set once a process has ended that nobody wanted to end.
        command: The command of the processes that are started from now on.
        versions: The commands of its own code and, where there is one, of the next version of it.

    Args:
        registry: Learns of each process.
        command: WorkerCode line of the worker, unmodified.
        environment: Gives the complete environment of the process of a number.
        logs: Folder of the log files.
        tape: Where starts and exits are put down.
        task_queue: Task queue that the worker must poll; empty: any.
        tasks: Where no task queue is named: for which tasks it must poll one; None: for any.
        recover: Called with the number of a process that has been struck while the next one starts: frees what waits
            for it.
        strict: Whether an exit that nobody asked for ends the trial at once. A worker that starts its own work may
            exit by itself when the work is done.
        fork_servers: Where processes are forked if they can be; None: every one is started cold.
        next_version: The next version of its code; None: there is none.
    """

    def __init__(
        self,
        registry: WorkerRegistry,
        *,
        command: str,
        environment: Callable[[int], Awaitable[Mapping[str, str]]],
        logs: Path,
        tape: LiveTape,
        task_queue: str,
        tasks: Tasks | None = None,
        recover: Recover,
        strict: bool,
        fork_servers: ForkServers | None = None,
        next_version: WorkerCode | None = None,
    ) -> None:
        self.registry = registry
        self.exited = asyncio.Event()
        self.command = WorkerCode(words=tuple(command_words(command)))
        self.versions: dict[Version, WorkerCode] = {"own": self.command}
        if next_version:
            self.versions["next"] = next_version
        self._environment = environment
        self._logs = logs
        self._tape = tape
        self._task_queue = task_queue
        self._tasks = tasks
        self._recover = recover
        self._strict = strict
        self._fork_servers = fork_servers
        self._watching: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the next process, and wait until it polls.

        Raises:
            UsageError: The command is not found, or the worker polls another task queue than the scenario's.
            RigError: It exited or never polled; with the end of its log.
        """
        number = self.registry.next_number()
        self.exited.clear()
        process, how = await self._new_process(number)
        self.registry.add(process)
        how["version"] = "next" if self.command is self.versions.get("next") else ""
        started = WorkerStarted(pid=process.pid, command=shlex.join(self.command.words), **how)
        self._tape.note("start-worker", worker=number, facts=started)
        watch = asyncio.create_task(self._watch(process, number))
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        if await self._until_ready(process, number):
            self._tape.note("worker-ready", worker=number, facts=WorkerReady(polls=sorted(self.registry.polled)))

    async def _new_process(self, number: int) -> tuple[Process, dict[str, str]]:
        """Start a process, forked where that comes to the same, and say how it was started."""
        how, env, name = {"start": "cold"}, await self._environment(number), f"worker-{number}"
        command = self.command
        if self._fork_servers:
            try:
                return await self._fork_servers.start(
                    command.words, number=number, name=name, logs=self._logs, env=env, cwd=command.folder
                ), {"start": "forked"}
            except ColdStartError as error:
                how["why"] = str(error)
        started = await Process.start(command.words, name=name, logs=self._logs, env=env, cwd=command.folder)
        return started, how

    async def change_to(self, version: Version, *, struck: int = 0) -> None:
        """Do as ``start_again`` with another version of the code.

        Args:
            version: Which.
            struck: Number of the process whose work is freed; 0: that of the newest one.

        Raises:
            RigError, UsageError: As ``start``.
        """
        await self._gone()
        self.command = self.versions[version]
        await self._start_while_recovering(struck or self.registry.number)

    async def look_in(self, version: Version) -> None:
        """Start another version in place of the killed process, and free nothing: it does not get that one's work.

        Raises:
            RigError, UsageError: As ``start``.
        """
        await self._gone()
        self.command = self.versions[version]
        await self.start()

    async def start_again(self) -> None:
        """Wait until the killed process is gone, free what waits for it, and start the next one."""
        await self._gone()
        await self._start_while_recovering(self.registry.number)

    async def _gone(self) -> None:
        assert self.registry.process is not None
        await self.registry.process.kill()

    async def until_it_takes_no_task(self, *, timeout: float) -> None:
        """Wait until the process that was asked to end has told the server that it takes no more, or has ended.

        What it still sends would else lead to a task that it takes, or not, by how soon a busy machine lets it know.

        Args:
            timeout: Seconds to wait at most: not every worker tells it.
        """
        number = self.registry.number
        await self._tape.until(
            lambda seen: seen.worker == number and seen.kind != "request" and seen.operation in _TAKES_NO_TASK,
            timeout=timeout,
        )

    async def start_after_end(self, *, limit: float) -> None:
        """Wait until the process that was asked to end has ended, and start the next one.

        A process that does not end within ``limit`` seconds is killed; the act ``worker-overstayed`` says so.
        """
        number, process = self.registry.number, self.registry.process
        assert process is not None
        try:
            async with asyncio.timeout(limit):
                await process.wait()
        except TimeoutError:
            self._tape.note("worker-overstayed", worker=number, facts=WorkerOverstayed(limit=limit))
        self.registry.declare_dead(number)
        await self.start_again()

    async def start_beside(self, zombie: int) -> None:
        """Start the next process beside one that is stopped, and free what waits for that one."""
        await self._start_while_recovering(zombie)

    async def _start_while_recovering(self, struck: int) -> None:
        recovering = asyncio.create_task(self._recover(struck))
        try:
            await self.start()
            await recovering
        finally:  # who gives this up waits for no timeout
            recovering.cancel()
            await asyncio.gather(recovering, return_exceptions=True)

    async def stop(self) -> None:
        """End every process, whatever it does."""
        await self.registry.kill_all()
        for watch in self._watching:
            watch.cancel()

    async def _until_ready(self, process: Process, number: int) -> bool:
        """Wait until the process polls; tell whether it does: it may have been struck, or have done its work, first."""
        polled, polls = self.registry.polled, self.registry.until_polled
        waits = (polls(self._polls_enough), process.wait(), polls(lambda: polled))
        ready, exited, polling = (asyncio.create_task(wait) for wait in waits)
        try:
            await wait_for_start((ready, exited, polling), process, limit=READY_LIMIT)
            if polling.done():
                await asyncio.wait({ready, exited}, timeout=QUEUE_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ready, exited, polling):
                task.cancel()
        if self.registry.died(number) or self.registry.is_ending(number):
            return False
        is_ready = self._polls_enough()
        if is_ready or (not self._strict and ended_well(process)):
            return is_ready
        if process.exit_status is not None:
            if isinstance(why := process.why_ended("the worker"), KilledError):
                raise why
            command = shlex.join(self.command.words)
            raise failed_start(
                f"the worker exited with status {process.exit_status} before it polled: {command}",
                process=process,
                environment=await self._environment(number),
            )
        if polled:
            raise UsageError(self._polls_something_else())
        raise failed_start(
            f"the worker runs, but did not poll within {READY_LIMIT:g} s: does it connect to TEMPORAL_ADDRESS "
            "(if its address is hard-coded, give it with --address)?",
            process=process,
            environment=await self._environment(number),
        )

    def _polls_enough(self) -> bool:
        """Tell whether the newest process polls what it must."""
        if self._task_queue:
            return self._task_queue in self.registry.polled
        return bool(self.registry.queues_for(self._tasks) if self._tasks else self.registry.polled)

    def _polls_something_else(self) -> str:
        polled = self.registry.polled
        words = f"the worker polls {', '.join(map(repr, sorted(polled)))}, but "
        if not self._task_queue:
            return f"{words}for no {self._tasks} tasks: does it register {_REGISTERS[self._tasks or 'workflow']}?"
        hint = nearest(self._task_queue, polled)
        return f"{words}nobody polls {self._task_queue!r}{hint}: give the task queue that it polls"

    async def _watch(self, process: Process, number: int) -> None:
        status = await process.wait()
        expected = self.registry.may_end(number)
        self._tape.note("worker-exit", worker=number, facts=WorkerExited(exit_status=status, expected=expected))
        if expected:
            return
        if isinstance(why := process.why_ended("the worker"), KilledError):
            self._tape.fail(why)
        self.exited.set()
