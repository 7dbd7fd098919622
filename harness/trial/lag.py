"""Lag: how long the rig and the worker of a trial were kept waiting by a busy machine, measured while it runs.

On a busy machine an agent is late without any fault of its own: its beat waits for a processor, or at a door whose
event loop does. Checks that judge times take off what is on the tape as lag (``harness.checks.lateness``).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.records.act_facts import Lag
from harness.trial.live_tape import LiveTape

_LOOK_EVERY = 0.25  # seconds
_LEAST = 0.1  # seconds of waiting, in the time between two looks, that are worth a line on the tape

_SHARED = 0.1  # seconds for which what was read of a process serves all trials that look at it: they share a server
_KEPT = 2.0  # seconds after which a process that nobody has looked at is no longer kept in mind
_MOST_OPEN = 24  # threads of a process whose files stay open: crashproof may have about a thousand files open

_PROC = Path("/proc")
_counters: dict[int, _Counters] = {}


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
    """Return how many nanoseconds each thread has waited in all, or had a moment ago when another trial asked.

    What comes later is in the next look.
    """
    now = time.monotonic()
    for other in [each for each, counters in _counters.items() if now - counters.read_at > _KEPT]:
        _counters.pop(other).close()
    counters = _counters.setdefault(pid, _Counters(pid))
    if now - counters.read_at > _SHARED:
        counters.read()
        counters.read_at = now
    return counters.waited


class _Counters:
    """How long each thread of a process has waited for a processor: files that stay open from one look to the next.

    To open one takes ten times as long as to read it. The threads are listed again when one of them has ended, or there
    are not as many any more; of a process of many threads no file stays open.

    Attributes:
        waited: Nanoseconds by thread, as they were read last.
        read_at: When that was, on the monotonic clock.
    """

    def __init__(self, pid: int) -> None:
        self.waited: dict[str, int] = {}
        self.read_at = -math.inf
        self._folder = f"{_PROC}/{pid}/task"
        self._opened: dict[str, int] = {}

    def read(self) -> None:
        """Read all of them."""
        if not self._are_all_open() or not self._read():
            self.close()
            self._open()
            self._read()
            if len(self._opened) > _MOST_OPEN:
                self.close()

    def close(self) -> None:
        """Close the files."""
        for descriptor in self._opened.values():
            os.close(descriptor)
        self._opened = {}

    def _are_all_open(self) -> bool:
        """Tell whether there are as many threads as open files: a folder has a link for itself, its name, and each."""
        try:
            return os.stat(self._folder).st_nlink - 2 == len(self._opened)
        except OSError:  # the process has ended, or this is not Linux
            return False

    def _open(self) -> None:
        try:
            threads = os.listdir(self._folder)
        except OSError:
            return
        for thread in threads:
            with contextlib.suppress(OSError):  # it has ended, or this kernel does not count
                self._opened[thread] = os.open(f"{self._folder}/{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def _read(self) -> bool:
        """Read what is open; tell whether each thread was still there."""
        waited = {}
        for thread, descriptor in self._opened.items():
            with contextlib.suppress(OSError, IndexError, ValueError):
                waited[thread] = int(os.pread(descriptor, 128, 0).split()[1])
        self.waited = waited
        return len(waited) == len(self._opened)
