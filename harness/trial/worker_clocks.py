"""Clocks of workers: one that is wrong is told, since the worker itself judges by it what is due and what is over.

The SDK says in each heartbeat of a worker what time it has there, first as soon as it polls; newer ones send them, to
servers that take them. No other message carries the worker's time: the clock of an older SDK's worker, and one that is
changed for Python code alone, cannot be seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from harness.doors.wire.proxy import Execute, Send
from harness.records.act_facts import DoorNotice
from harness.trial.live_tape import LiveTape

_MOST_AHEAD = 60.0  # seconds
_MOST_BEHIND = 600.0  # seconds, since a message of a process that was stopped may be as late as that


class WorkerClocks:
    """Looks at the time in what workers send, and tells of a clock that is another than this machine's.

    Args:
        tape: Where it is told, once for each worker process.
        execute: Executes each request.
        now: Gives this machine's time in seconds since the epoch.
    """

    def __init__(self, *, tape: LiveTape, execute: Execute, now: Callable[[], float] = time.time) -> None:
        self._tape = tape
        self._execute = execute
        self._now = now
        self._wrong: set[int] = set()

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Look at the time that a request carries, and execute it."""
        for at in _times(operation, request):
            ahead = at - self._now()
            if not -_MOST_BEHIND <= ahead <= _MOST_AHEAD and worker not in self._wrong:
                self._wrong.add(worker)
                where = f"{ahead:.0f} s ahead of" if ahead > 0 else f"{-ahead:.0f} s behind"
                text = f"The clock of worker process {worker} is {where} this machine's, by which it is judged."
                self._tape.note("notice", facts=DoorNotice(text=text))
        return await self._execute(operation, request, worker, send)


def _times(operation: str, request: Any) -> Iterator[float]:
    """Yield each time that a worker says to have, in seconds since the epoch."""
    if operation == "RecordWorkerHeartbeat":
        for heartbeat in request.worker_heartbeat:
            if heartbeat.HasField("heartbeat_time"):
                yield heartbeat.heartbeat_time.seconds + heartbeat.heartbeat_time.nanos / 1e9
