"""A worker process behind a replay door of its own, started again whenever it is lost."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.api.history.v1 import HistoryEvent

from harness.doors.wire.certificate import certificate
from harness.errors import RigError
from harness.processes.command import command_words, environment
from harness.processes.process import Process
from harness.replay.conditions import Mode
from harness.replay.door.door import READY_LIMIT, ReplayDoor
from harness.replay.door.task_answer import TaskAnswer
from harness.replay.no_doors import NO_DOORS

STARTS = 3
"""How often a worker that has been lost is started before it is given up."""


@dataclass(frozen=True, kw_only=True)
class WorkerCommand:
    """The command line of a worker and all that it is started with for a replay.

    Attributes:
        command: Command line of the worker, unmodified.
        cwd: Folder to run it in.
        logs: Folder of the log files.
        task_queue: Task queue to hand all histories to; empty: as for ``ReplayDoor``.
        env: Further environment of the worker.
        address: The loopback ``host:port`` that the worker has hard-coded; empty: it reads TEMPORAL_ADDRESS.
        tls: Whether the door speaks TLS, with a certificate that the worker is made to trust.
        limit: As for ``ReplayDoor``.
        history_limit: As for ``ReplayDoor``.
        cold_events: As for ``ReplayDoor``.
        ready_limit: Seconds that it may take from its start to its first poll.
    """

    command: str
    cwd: Path
    logs: Path
    task_queue: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    tls: bool = False
    limit: float = 20.0
    history_limit: float = 30.0
    cold_events: int = 250_000
    ready_limit: float = READY_LIMIT


class ReplayWorker:
    """One worker process at a time behind a door of its own. An async context manager; it is gone when that is left.

    Args:
        worker: What is started.
        name: Name of the process in messages and of its log files.
        condition: Variables that it has because of a condition.

    Raises:
        UsageError: On entering: the command is not found, or the fixed address is taken.
        RigError: On entering: it exits before it polls, never polls, or does not poll the task queue that was given.
    """

    def __init__(self, worker: WorkerCommand, *, name: str, condition: Mapping[str, str]) -> None:
        self.starts = 0
        self._worker = worker
        self._name = name
        self._condition = condition
        self._process: Process | None = None
        self._stack = AsyncExitStack()
        self._certificate = certificate(worker.address.rpartition(":")[0]) if worker.tls else None
        self._door = ReplayDoor(
            task_queue=worker.task_queue,
            limit=worker.limit,
            history_limit=worker.history_limit,
            cold_events=worker.cold_events,
            address=worker.address,
            certificate=self._certificate,
        )

    async def __aenter__(self) -> ReplayWorker:
        try:
            await self._stack.enter_async_context(self._door)
            self._stack.push_async_callback(self._end)
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def replay(
        self, events: Iterable[HistoryEvent], *, workflow_id: str, run_id: str, modes: Sequence[Mode]
    ) -> list[TaskAnswer]:
        """Ask for every workflow task of a history, as ``ReplayDoor.replay`` does.

        A worker that was lost over an earlier history, or has exited since, is started again first; one that may be
        stuck is ended.

        Raises:
            UsageError: The events are not those of one run from its first event on.
            RigError: The worker cannot be started again; with its log.
        """
        if self._process is None or not self._process.alive:
            await self._start_again()
        answers = await self._door.replay(events, workflow_id=workflow_id, run_id=run_id, modes=modes)
        if any(answer.lost for answer in answers):
            await self._end()
        return answers

    async def _start_again(self) -> None:
        for left in reversed(range(STARTS)):
            try:
                await self._start()
            except RigError as error:
                if not left:
                    message = f"the worker was lost and cannot be started again ({STARTS} tries): {error}"
                    raise RigError(message) from error
            else:
                return

    async def _start(self) -> None:
        await self._end()
        self.starts += 1
        words = command_words(self._worker.command)
        worker = self._worker
        self._process = await Process.start(
            words, name=self._name, logs=worker.logs, cwd=worker.cwd, env=self._environment()
        )
        self._door.watch(self._process)
        try:
            await self._door.ready(limit=worker.ready_limit)
        except RigError as error:
            if not self._process.alive:
                raise  # the message holds its log
            hint = "" if worker.address else " (if its address is hard-coded, give it with --address)"
            raise RigError(f"{shlex.join(words)}: {error}{hint}", log=self._process.log_tail()) from error

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.kill()

    def _environment(self) -> dict[str, str]:
        queue = self._worker.task_queue
        return environment(
            {
                "TEMPORAL_ADDRESS": self._door.address,
                "TEMPORAL_NAMESPACE": "default",
                **({"TEMPORAL_TASK_QUEUE": queue} if queue else {}),
                **NO_DOORS,
                **(self._certificate.environment if self._certificate else {}),
            },
            given={**self._worker.env, **self._condition},
        )
