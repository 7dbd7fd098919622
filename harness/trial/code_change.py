"""How the code of a worker is changed in mid-run: its next version takes over, and the one before it comes back.

A change and what is waited for before the next step::

    next    1 the worker process is dead  2 the next version starts, and polls
            | 3 it has done a workflow task, and goes on; where it failed it 4 the worker is started again
    back    1 and 2 as above
            | 3 it has done or failed a workflow task  4 it is killed, and the worker starts again
              5 that has done a workflow task, and goes on; where it failed it 6 the next version is started again

So each ends with a version that can go on, as an operator would see to it, and what failed before is in the evidence.
A workflow that is pinned to the version of its worker deployment is left there: the next version starts, is made the
current one, and the worker comes back for what is pinned to it.

What is struck, or ends, in between leaves the worker as it is: then the strike's own healing starts the next process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Literal

from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse

from harness.doors.wire.proxy import Execute, Send
from harness.records.tape import Entry
from harness.trial.client_acts import ClientActs
from harness.trial.deployments import MADE_CURRENT
from harness.trial.live_tape import LiveTape
from harness.trial.worker import Version, WorkerProcesses

_TASK_SECONDS = 60.0  # for a version to do a workflow task, or the workflow to end
_CURRENT_SECONDS = 30.0  # for a version to be made the current one of its deployment

Went = Literal["done", "failed", "gone"]
"""What became of the first workflow task of a version. ``gone``: it had none, or was struck."""


class CodeChange:
    """Changes the code of the worker of one trial.

    Args:
        workers: Starts its processes.
        tape: What has happened.
        client: Knows the executions of the work.
    """

    def __init__(self, workers: WorkerProcesses, *, tape: LiveTape, client: ClientActs) -> None:
        self._workers = workers
        self._tape = tape
        self._client = client

    async def make(self, entry: Entry, *, back: bool) -> None:
        """Let the next version take the place of a worker process that is dead, and see that the work can go on.

        Args:
            entry: The message that was struck.
            back: Whether the next version is rolled back in any case.

        Raises:
            UsageError, RigError: A version does not start.
        """
        if await self._client.is_pinned(entry):
            since = time.time()
            await self._workers.look_in("next")
            await self._tape.until(
                lambda seen: seen.at > since and MADE_CURRENT in str(seen.facts), timeout=_CURRENT_SECONDS
            )
            await self._replace_by("own", struck=entry.worker)
            return
        await self._workers.change_to("next")
        went = await self._first_task(entry)
        if went == "gone" or (went == "done" and not back):
            return
        await self._replace_by("own")
        if await self._first_task(entry) == "failed" and back:
            await self._replace_by("next")

    async def _replace_by(self, version: Version, *, struck: int = 0) -> None:
        registry = self._workers.registry
        registry.declare_dead(registry.kill_now())
        await self._workers.change_to(version, struck=struck)

    async def _first_task(self, entry: Entry) -> Went:
        """Wait until the newest worker process has done or failed a workflow task, or the work has ended."""
        number, answers = self._workers.registry.number, list[Went]()

        def is_answer(seen: Entry) -> bool:
            if seen.worker != number or seen.kind != "reply":
                return False
            went: dict[str, Went] = {"RespondWorkflowTaskCompleted": "done", "RespondWorkflowTaskFailed": "failed"}
            if seen.operation not in went:
                return False
            answers.append(went[seen.operation])
            return True

        await _first_of(self._tape.until(is_answer, timeout=_TASK_SECONDS), self._client.ended(entry))
        return answers[0] if answers and self._workers.registry.number == number else "gone"


def heard_as_first(execute: Execute) -> Execute:
    """Let every worker process but the first hear of each workflow task as of its first attempt.

    The SDK reports the failure of a first attempt alone, and keeps silent about that of a later one, so that nobody
    would learn what a version of the code cannot go on with.

    Args:
        execute: Executes each request.
    """

    async def execute_so(operation: str, request: Any, worker: int, send: Send) -> bytes:
        raw = await execute(operation, request, worker, send)
        if operation != "PollWorkflowTaskQueue" or worker < 2:
            return raw
        task = PollWorkflowTaskQueueResponse.FromString(raw)
        if task.attempt < 2:
            return raw
        task.attempt = 1
        return task.SerializeToString()

    return execute_so


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
