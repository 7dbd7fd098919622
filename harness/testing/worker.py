"""Worker processes as a test starts them: real, unmodified, behind the wire door, to be killed and started again."""

from __future__ import annotations

import sys
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.doors.wire.attribution import Attribution
from harness.errors import RigError
from harness.foreign import for_terminal
from harness.records.point import matches
from harness.records.tape import Entry
from harness.testing.thread import Calls
from harness.trial.live_tape import LiveTape
from harness.trial.rig import Slot
from harness.trial.stage import Stage, open_stage
from harness.trial.worker_setup import WorkerSetup

REACH_LIMIT = 60.0
"""Seconds that ``Worker.reached`` waits unless told otherwise."""


class Worker:
    """A worker: one process after the other, the same command each time. Made by ``crashproof_worker``."""

    def __init__(self, stage: Stage, *, calls: Calls) -> None:
        self._stage = stage
        self._registry = stage.registry
        self._calls = calls

    @property
    def number(self) -> int:
        """Which process of this worker it is, from 1."""
        return self._registry.number

    @property
    def pid(self) -> int:
        """Process id of the newest process, which may have ended."""
        assert self._registry.process is not None
        return self._registry.process.pid

    @property
    def alive(self) -> bool:
        """Whether the newest process runs."""
        return self._registry.process is not None and self._registry.process.alive

    @property
    def log(self) -> str:
        """The last 200 lines that the newest process wrote to standard output and standard error."""
        return self._registry.process.log_tail(200) if self._registry.process else ""

    @property
    def points(self) -> tuple[str, ...]:
        """Ids of the points that this worker has reached, in order, as ``crashproof run --list`` shows them."""
        return tuple(entry.point.id for entry in self._stage.tape.entries if entry.point)

    def kill(self) -> Coroutine[Any, Any, None]:
        """Kill the process, and all that it started, with SIGKILL, and wait until it is gone."""
        __tracebackhide__ = True
        return self._calls.make("worker.kill()", self._kill)

    def start(self) -> Coroutine[Any, Any, None]:
        """Start the next process after a kill, and wait until it polls.

        What waits for the killed process is freed meanwhile: its timeouts happen now instead of when they are due, by
        Temporal's own public calls, unless the worker was made with ``real_time=True``.

        Raises:
            RigError: It exits or never polls, with the end of its log; or the one before still runs.
        """
        __tracebackhide__ = True
        return self._calls.make("worker.start()", self._start)

    def restart(self) -> Coroutine[Any, Any, None]:
        """Kill the process and start the next one.

        Raises:
            RigError: As ``start``.
        """
        __tracebackhide__ = True
        return self._calls.make("worker.restart()", self._restart)

    def reached(self, point: str, *, limit: float = REACH_LIMIT) -> Coroutine[Any, Any, str]:
        """Wait until this worker has reached a point, and return the point's id.

        The message is not held: what the test does next races with it. To strike exactly there, let
        ``crashproof_survives`` do it.

        Args:
            point: Point id or ``*`` pattern, such as ``before/RespondActivityTaskCompleted/*``.
            limit: Longest wait in seconds.

        Raises:
            RigError: The point was not reached in time; with those that were.
        """
        __tracebackhide__ = True
        return self._calls.make("worker.reached(...)", lambda: self._reached(point, limit=limit))

    async def _kill(self) -> None:
        """Kill the process; from this moment on nothing that it has sent counts."""
        self._registry.declare_dead(self._registry.number)
        number = self._registry.kill_now()
        self._stage.long_polls.cut_off(number)
        if self._registry.process:
            await self._registry.process.kill()

    async def _start(self) -> None:
        if self.alive:
            raise RigError(f"the worker process {self.pid} still runs; kill() it first, or restart() it")
        await self._stage.workers.start_again()

    async def _restart(self) -> None:
        await self._kill()
        await self._start()

    async def _reached(self, point: str, *, limit: float) -> str:
        tape = self._stage.tape
        if not await tape.until(lambda entry: _is_at(entry, point), timeout=limit):
            reached = "\n".join(self.points) or "none"
            raise RigError(
                f"no message of the worker matched {point!r} within {limit:g} s; points so far:", log=reached
            )
        return next(entry.point.id for entry in tape.entries if entry.point and _is_at(entry, point))


class WorkerStarter:
    """Starts worker processes for one test: the fixture ``crashproof_worker``."""

    def __init__(self, slot: Slot, *, logs: Path, calls: Calls) -> None:
        self._slot = slot
        self._logs = logs
        self._calls = calls
        self._stack = AsyncExitStack()
        self._count = 0

    async def __aenter__(self) -> WorkerStarter:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def __call__(
        self,
        command: str,
        *,
        task_queue: str = "",
        env: Mapping[str, str] | None = None,
        address: str = "",
        tls: bool = False,
        real_time: bool = False,
    ) -> Coroutine[Any, Any, Worker]:
        """Start a worker as a real process, and wait until it polls.

        Args:
            command: Command line of the worker, unmodified; run in the current folder. It reads ``TEMPORAL_ADDRESS``,
                and finds the model and the effects of the test in ``OPENAI_BASE_URL`` and ``EFFECTS_URL``.
            task_queue: Task queue that it must poll, given to it as ``TEMPORAL_TASK_QUEUE``; empty: any.
            env: Further environment variables.
            address: Fixed address that the worker has hard-coded, such as ``localhost:7233``, which the door then
                takes.
            tls: Whether the worker insists on TLS or an API key in its code: the door then speaks TLS.
            real_time: Whether the timeouts of a killed process happen when they are due, and not at once.

        Raises:
            UsageError: The command is not found, or the worker polls another task queue.
            RigError: It exits or never polls; with the end of its log.
        """
        __tracebackhide__ = True
        return self._calls.make(
            "crashproof_worker(...)",
            lambda: self._start(
                WorkerSetup(
                    command=command, logs=self._logs, task_queue=task_queue, env=env or {}, address=address, tls=tls
                ),
                real_time=real_time,
            ),
        )

    async def _start(self, setup: WorkerSetup, *, real_time: bool) -> Worker:
        self._count += 1
        stage = await self._stack.enter_async_context(
            open_stage(
                self._slot,
                worker=replace(setup, logs=self._logs / f"worker-{self._count}"),
                tape=LiveTape(),
                attribution=Attribution(),
                accelerates=not real_time,
                unrecovered=_print,
            )
        )
        await stage.workers.start()
        return Worker(stage, calls=self._calls)


def _is_at(entry: Entry, point: str) -> bool:
    return entry.point is not None and matches(entry.point.id, point)


def _print(line: str) -> None:
    print(for_terminal(f"crashproof: {line}"), file=sys.stderr, flush=True)
