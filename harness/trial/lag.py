"""Lag: how long the rig and the worker of a trial were kept waiting by a busy machine, measured while it runs.

On a busy machine an agent is late without any fault of its own: its beat waits for a processor, or at a door whose
event loop does. Checks that judge times take off what is on the tape as lag (``harness.checks.lateness``).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.records.act_facts import Lag
from harness.trial.live_tape import LiveTape

_LOOK_EVERY = 0.25  # seconds
_LEAST = 0.1  # seconds of waiting, in the time between two looks, that are worth a line on the tape

_SHARED = 0.1  # seconds for which what was read of a process serves all trials that look at it: they share a server
_MOST_SHARED = 16  # processes

_PROC = Path("/proc")
_latest: dict[int, tuple[float, dict[str, int]]] = {}


class LagMeter:
    """Looks again and again how long processes waited, and puts on the tape what is worth it.

    Args:
        tape: The tape of the trial.
        worker: Gives the process id of the worker process that runs now; 0: none does.
        server: Gives that of the server.
    """

    def __init__(self, tape: LiveTape, *, worker: Callable[[], int], server: Callable[[], int]) -> None:
        self._tape = tape
        self._worker = _Waits(worker)
        self._server = _Waits(server)

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            since, begun = time.time(), time.monotonic()
            await asyncio.sleep(_LOOK_EVERY)
            elapsed = time.monotonic() - begun
            rig = elapsed - _LOOK_EVERY
            worker, server = (min(waits.look(), elapsed) for waits in (self._worker, self._server))
            if max(rig, worker, server) >= _LEAST:
                self._tape.note("lag", facts=Lag(since=since, rig=rig, worker=worker, server=server))


class _Waits:
    """How long the threads of a process stood ready and had to wait for a processor, from one look to the next.

    Linux tells it for each thread; elsewhere nothing is known, and nothing waits.
    """

    def __init__(self, process: Callable[[], int]) -> None:
        self._process = process
        self._pid = 0
        self._before: dict[str, int] = {}

    def look(self) -> float:
        """Return the seconds since the last look, over all threads; 0 for a process that is looked at first."""
        pid = self._process()
        now = _waited_lately(pid) if pid else {}
        known, self._before = self._before if pid == self._pid else now, now
        self._pid = pid
        return sum(max(0, waited - known.get(thread, 0)) for thread, waited in now.items()) / 1e9


def _waited_lately(pid: int) -> dict[str, int]:
    """Return what ``_waited`` does, or did for another trial a moment ago: what comes later is in the next look."""
    read, waits = _latest.get(pid, (0.0, {}))
    if time.monotonic() - read > _SHARED:
        waits = _waited(pid)
        if len(_latest) >= _MOST_SHARED:
            _latest.clear()
        _latest[pid] = time.monotonic(), waits
    return waits


def _waited(pid: int) -> dict[str, int]:
    """Return for each thread how many nanoseconds it has waited for a processor in all."""
    waits: dict[str, int] = {}
    threads = f"{_PROC}/{pid}/task"
    try:
        names = os.listdir(threads)
    except OSError:  # the process has ended, or this is not Linux
        return waits
    for name in names:
        try:
            with open(f"{threads}/{name}/schedstat", "rb", buffering=0) as file:
                waits[name] = int(file.read().split()[1])
        except (OSError, IndexError, ValueError):  # it has ended, or this kernel does not count
            continue
    return waits
