"""Worker processes as a test starts them: real, unmodified, behind the wire door, to be killed and started again."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc.aio

from harness.doors.decision import Decision
from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.doors.wire.proxy import WireProxy
from harness.doors.wire.serving import GrpcServer
from harness.errors import RigError
from harness.processes.command import environment
from harness.records.facts import NO_FACTS
from harness.records.message_facts import TaskPoll
from harness.records.plan import Plan
from harness.records.point import matches
from harness.records.tape import Entry
from harness.report.clean import for_terminal
from harness.servers.frontend import Frontend
from harness.testing.thread import Calls
from harness.trial.acceleration import Acceleration
from harness.trial.nemesis import Nemesis
from harness.trial.slots import Slot
from harness.trial.worker import WorkerProcesses

REACH_LIMIT = 60.0
"""Seconds that ``Worker.reached`` waits unless told otherwise."""

_POLLS = ("PollWorkflowTaskQueue", "PollActivityTaskQueue")


class Worker:
    """A worker: one process after the other, the same command each time. Made by ``crashproof_worker``."""

    def __init__(self, processes: WorkerProcesses, *, behind: _Door, calls: Calls) -> None:
        self._processes = processes
        self._behind = behind
        self._calls = calls

    @property
    def number(self) -> int:
        """Which process of this worker it is, from 1."""
        return self._processes.number

    @property
    def pid(self) -> int:
        """Process id of the newest process, which may have ended."""
        assert self._processes.process is not None
        return self._processes.process.pid

    @property
    def alive(self) -> bool:
        """Whether the newest process runs."""
        return self._processes.process is not None and self._processes.process.alive

    @property
    def log(self) -> str:
        """The last 200 lines that the newest process wrote to standard output and standard error."""
        return self._processes.process.log_tail(200) if self._processes.process else ""

    @property
    def points(self) -> tuple[str, ...]:
        """Ids of the points that this worker has reached, in order, as ``crashproof run --list`` shows them."""
        return self._behind.points

    def kill(self) -> Coroutine[Any, Any, None]:
        """Kill the process, and all that it started, with SIGKILL, and wait until it is gone."""
        __tracebackhide__ = True
        return self._calls.make("worker.kill()", self._behind.kill)

    def start(self) -> Coroutine[Any, Any, None]:
        """Start the next process after a kill, and wait until it polls.

        What waits for the killed process is freed meanwhile: its timeouts happen now instead of when they are due, by
        Temporal's own public calls, unless the worker was made with ``real_time=True``.

        Raises:
            RigError: It exits or never polls, with the end of its log; or the one before still runs.
        """
        __tracebackhide__ = True
        return self._calls.make("worker.start()", self._behind.start)

    def restart(self) -> Coroutine[Any, Any, None]:
        """Kill the process and start the next one.

        Raises:
            RigError: As ``start``.
        """
        __tracebackhide__ = True
        return self._calls.make("worker.restart()", self._behind.restart)

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
        return self._calls.make("worker.reached(...)", lambda: self._behind.reached(point, limit=limit))


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
            real_time: Whether the timeouts of a killed process happen when they are due, and not at once.

        Raises:
            UsageError: The command is not found, or the worker polls another task queue.
            RigError: It exits or never polls; with the end of its log.
        """
        __tracebackhide__ = True
        more = {**({"TEMPORAL_TASK_QUEUE": task_queue} if task_queue else {}), **(env or {})}
        return self._calls.make(
            "crashproof_worker(...)",
            lambda: self._start(command, task_queue=task_queue, more=more, address=address, real_time=real_time),
        )

    async def _start(
        self, command: str, *, task_queue: str, more: Mapping[str, str], address: str, real_time: bool
    ) -> Worker:
        self._count += 1
        door = _Door(self._slot, address=address, real_time=real_time)
        door.processes = WorkerProcesses(
            command=command,
            environment=lambda number: environment({**door.environment(number), **more}),
            logs=self._logs / f"worker-{self._count}",
            nemesis=door.nemesis,
            task_queue=task_queue,
            recover=door.recover,
            strict=True,
        )
        await self._stack.enter_async_context(door)
        await door.processes.start()
        return Worker(door.processes, behind=door, calls=self._calls)


class _Door:
    """The wire door of one worker, and what is done to the worker's processes with its help."""

    processes: WorkerProcesses

    def __init__(self, slot: Slot, *, address: str, real_time: bool) -> None:
        self.nemesis = Nemesis(Plan())
        self._slot = slot
        self._real_time = real_time
        self._attribution = Attribution()
        self._frontend = Frontend(address=slot.server.address, namespace=slot.namespace)
        self._acceleration = Acceleration(self._frontend, note=self.nemesis.note)
        self._long_polls = LongPolls()
        self._server = GrpcServer(address)
        self._wire = WireProxy(
            self._server,
            upstream=slot.server.address,
            namespace=slot.namespace,
            attribution=self._attribution,
            decide=self._decide,
            sender=lambda port: self.processes.sender(port),
            mend=self._acceleration.mend,
            lost=self.nemesis.lose,
            numbers=itertools.count(1),
            long_polls=self._long_polls,
        )
        self._recovering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> _Door:
        await self._frontend.__aenter__()
        await self._server.__aenter__()
        await self._wire.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.nemesis.finish()
        for task in self._recovering:
            task.cancel()
        await asyncio.gather(*self._recovering, return_exceptions=True)
        await self.processes.stop()
        await self._wire.__aexit__()
        await self._frontend.__aexit__()

    @property
    def points(self) -> tuple[str, ...]:
        return tuple(entry.point.id for entry in self.nemesis.tape if entry.point)

    def environment(self, number: int) -> dict[str, str]:
        return {
            "TEMPORAL_ADDRESS": self._wire.address,
            "TEMPORAL_NAMESPACE": "default",
            **self._slot.environment(number),
        }

    async def kill(self) -> None:
        """Kill the process; from this moment on nothing that it has sent counts."""
        self.nemesis.declare_dead(self.processes.number)
        number = self.processes.kill_now()
        self._long_polls.cut_off(number)
        if self.processes.process:
            await self.processes.process.kill()

    async def start(self) -> None:
        process = self.processes.process
        if process and process.alive:
            raise RigError(f"the worker process {process.pid} still runs; kill() it first, or restart() it")
        await self.processes.start_again()

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    async def reached(self, point: str, *, limit: float) -> str:
        found = await self.nemesis.until(lambda entry: _is_at(entry, point), timeout=limit)
        if not found:
            seen = "\n".join(self.points) or "none"
            raise RigError(f"no message of the worker matched {point!r} within {limit:g} s; points so far:", log=seen)
        return next(entry.point.id for entry in self.nemesis.tape if entry.point and _is_at(entry, point))

    async def recover(self, worker: int) -> None:
        """Free what waits for a killed process. It goes on by itself: some of it lasts until the next attempt runs."""
        self._attribution.worker_died(worker)
        if not self._real_time:
            task = asyncio.create_task(self._accelerate(worker))
            self._recovering.add(task)
            task.add_done_callback(self._recovering.discard)

    async def _accelerate(self, worker: int) -> None:
        executions = [(run.workflow_id, run.run_id) for run in self._attribution.runs.values()]
        try:
            await self._acceleration.recover(executions=executions, worker=worker)
        except grpc.aio.AioRpcError as error:  # a test may have killed the server meanwhile
            told = "the timeouts of the killed worker process are waited for, since they could not be hastened"
            print(for_terminal(f"crashproof: {told}: {error.details()}"), file=sys.stderr, flush=True)

    async def _decide(self, entry: Entry) -> Decision:
        if entry.operation in _POLLS and entry.kind == "request":
            poll = entry.facts_as(TaskPoll)
            if poll and not poll.sticky and entry.worker == self.processes.number:
                self.processes.polls(poll.task_queue)
            return "drop" if self.nemesis.died(entry.worker) else "go"
        if entry.point is None and entry.operation.startswith("Poll") and entry.facts == NO_FACTS:
            return "go"
        return await self.nemesis.meet(entry)


def _is_at(entry: Entry, point: str) -> bool:
    return entry.point is not None and matches(entry.point.id, point)
