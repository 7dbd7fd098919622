"""Recovery: what is done at once for the work that a worker process had in hand when it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc.aio

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.long_polls import LongPolls
from harness.records.tape import Entry
from harness.servers.pending import RunOnServer
from harness.trial.acceleration import Acceleration
from harness.trial.registry import WorkerRegistry


class Recovery:
    """Frees the work of lost worker processes of one trial.

    In this order, beside the start of the next process::

        1  its long polls end, so that the server hands none of them a task
        2  the tasks that it had in hand are nobody's, so that no call of the next process counts for them
        3  the server lets the timeouts of these tasks happen now: see ``harness.trial.acceleration``

    Before step 1 a poll of the dead process may have taken a task: the door drops the answer, step 3 frees the task.
    A zombie keeps what it has in hand (step 2): it will go on with it, and must then be refused by the server.

    Args:
        attribution: Knows which tasks a process has in hand, and all runs.
        workers: The worker processes.
        long_polls: The long polls that are under way.
        acceleration: Lets timeouts happen at once; None: they happen when they are due.
    """

    def __init__(
        self,
        attribution: Attribution,
        *,
        workers: WorkerRegistry,
        long_polls: LongPolls,
        acceleration: Acceleration | None,
    ) -> None:
        self._attribution = attribution
        self._workers = workers
        self._long_polls = long_polls
        self._acceleration = acceleration

    async def recover(self, worker: int) -> None:
        """Free what waits for a worker process that is dead or stopped; return when every timeout has happened."""
        self.let_go(worker)
        await self.accelerate(worker)

    def let_go(self, worker: int) -> None:
        """End its long polls, and know that it has no task in hand any more, unless it is a zombie that goes on."""
        self._long_polls.cut_off(worker)
        if not self._workers.is_zombie(worker):
            self._attribution.worker_died(worker)

    async def accelerate(self, worker: int) -> None:
        """Let the timeouts of what it had in hand happen now; return when they have."""
        if self._acceleration:
            await self._acceleration.recover(executions=self._executions(), worker=worker)

    async def recover_unheard(self, worker: int) -> None:
        """Free every task that the server has handed out and no worker process has heard of."""
        if self._acceleration:
            await self._acceleration.recover_unheard(
                executions=self._executions(), in_hand=self._attribution.in_hand, worker=worker
            )

    async def recover_task(self, entry: Entry, *, running: bool = False) -> None:
        """Let the attempt of one activity time out now.

        Args:
            entry: A message of the attempt.
            running: Whether a living process is at it, and only start-to-close can end it.
        """
        if self._acceleration and entry.workflow_id:  # else nobody knows whose it is
            known = self._attribution.runs.get(entry.run_id)
            await self._acceleration.recover_activity(
                run=RunOnServer(entry.workflow_id, entry.run_id, known is not None and known.is_activity),
                activity_id=entry.activity_id,
                worker=entry.worker,
                running=running,
            )

    def _executions(self) -> list[RunOnServer]:
        runs = self._attribution.runs.values()
        return [RunOnServer(run.workflow_id, run.run_id, run.is_activity) for run in runs]


class BackgroundRecovery:
    """Frees the work of a lost worker process while whoever struck it goes on. An async context manager.

    Some of it lasts until the next attempt runs, which a test that awaits the next process does not wait for.

    Args:
        recovery: Frees it.
        failed: Called with the reason why something is not freed at once.
    """

    def __init__(self, recovery: Recovery, *, failed: Callable[[str], None]) -> None:
        self._recovery = recovery
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> BackgroundRecovery:
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def recover(self, worker: int) -> None:
        """Begin to free what waits for a worker process that is dead."""
        self._recovery.let_go(worker)
        task = asyncio.create_task(self._accelerate(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accelerate(self, worker: int) -> None:
        try:
            await self._recovery.accelerate(worker)
        except grpc.aio.AioRpcError as error:  # a test may have killed the server meanwhile
            reason = "the timeouts of the killed worker process are waited for, since they could not be hastened"
            self._failed(f"{reason}: {error.details()}")
