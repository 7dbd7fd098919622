"""How long a process may take to start: longer while it is at work, for it may import much on a busy machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import psutil

from harness.processes.process import Process

_LOOK_EVERY = 5.0  # seconds
_AT_WORK = 0.25  # CPU-seconds used in that time, by all its processes
_MOST = 3  # times as long as the limit


async def wait_for_start(waits: Iterable[asyncio.Task[Any]], process: Process | None, *, limit: float) -> None:
    """Wait until one of some tasks is done, or the process has had its time to start.

    It has ``limit`` seconds, and up to three times as many as long as it uses a processor: importing the OpenAI Agents
    SDK took more than a minute where ten times as many processes were at work as there are processors, while one that
    waits for an address where nobody answers uses next to nothing.

    Args:
        waits: What tells that it has started, or has ended.
        process: The process that starts; None: it has ``limit`` seconds.
        limit: Seconds.
    """
    clock = asyncio.get_running_loop().time
    began, used, waits = clock(), 0.0, set(waits)
    while (left := began + _MOST * limit - clock()) > 0:
        done, _ = await asyncio.wait(waits, timeout=min(left, limit, _LOOK_EVERY), return_when=asyncio.FIRST_COMPLETED)
        before, used = used, _used(process)
        if done or (clock() - began >= limit and used - before < _AT_WORK):
            return


def _used(process: Process | None) -> float:
    """Return the CPU-seconds of a process and of all that it started, of those that live."""
    seconds = 0.0
    for pid in process.pids() if process else ():
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            seconds += times.user + times.system
    return seconds
