"""Pace: as many trials at a time as keep the processors busy, and fewer where others keep them busy too.

Most of a trial is waiting, for how much depends on the agent: no fixed number fits. So the machine is looked at::

    processors idle, and trials wait for their turn      one more at a time, at once
    crashproof itself is late, though it does little     one fewer: whatever is due on this machine is late, agents too;
                                                         but one for each processor, for others may be to blame
    what is ready waits in long queues for processors    one fewer: so many get no more done than fewer would, and each
                                                         is late by the length of the queue
    a trial only waits: for a backoff, a timer, a client     another one meanwhile, in its place; in quiet, too
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil

from harness.sweeps.turns import Turns

_LOOK_EVERY = 0.3  # seconds: what a trial waits for after a kill is over in one or two, and so is what it leaves idle
_LOOKS = 3  # at the queue, from one look at the machine to the next
_REMEMBERED = 10  # looks at the queue by which it is judged, from when the number of trials was lowered last
_IDLE = 0.2  # share of the processors' time that is worth another trial
_QUIET = 0.5  # share of it where it is quiet though some trials run
_LATE = 0.15  # seconds that a timer of crashproof's own may be late
_CROWDED = 2.0  # threads that run or are ready to, for each processor
_LEAST = 2  # trials at a time for each processor, however long the queues are: they may be those of others
_FILES = 32  # that crashproof has open for each trial under way, at most: doors, connections, keepers, counters, logs
_OTHER_FILES = 256  # that it has open beside: those of the processes that replay, of fork servers, of the run itself

_LOADAVG = Path("/proc/loadavg")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was seen of the machine from one look to the next.

    Attributes:
        idle: Share of the processors' time in which they had nothing to do, from 0 to 1.
        late: Seconds by which a timer was late; 0 where that is not known yet.
        ready: Threads that ran or were ready to, for each processor; 0 where that is not known, or not yet.
    """

    idle: float
    late: float
    ready: float = 0.0


def turns_of(*, jobs: int, shared_by: int = 1) -> Turns:
    """Return the turns of a run.

    Args:
        jobs: How many trials run at a time, always; 0: as many as the machine takes.
        shared_by: How many processes share this machine, each with trials of its own.
    """
    processors = os.cpu_count() or 1
    if jobs:
        return Turns(jobs)
    first, most = (min(_room(), max(1, each * processors // shared_by)) for each in (3, 8))
    return Turns(first, most=most)


def _room() -> int:
    """Return how many trials may be under way for all the files that crashproof may have open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = _LEAST * (os.cpu_count() or 1)
    return max(least, (files - _OTHER_FILES) // _FILES) if files >= 0 else sys.maxsize


def next_limit(limit: int, machine: Machine, *, most: int, all_taken: bool) -> int:
    """Return how many trials may run at a time from now on.

    Args:
        limit: How many may now, beside those that only wait.
        machine: What was seen of the machine with so many.
        most: How many may at most.
        all_taken: Whether so many do run.
    """
    processors = os.cpu_count() or 1
    if machine.late > _LATE:
        return max(min(limit, processors), limit - 1)
    if machine.idle > _IDLE:
        return min(most, limit + 1) if all_taken else limit
    if machine.ready > _CROWDED:
        return max(min(limit, _LEAST * processors), limit - 1)
    return limit


async def keep_pace(turns: Turns, *, waits: Callable[[str], bool] = lambda trial: False) -> None:
    """Look at the machine again and again, and change the number of turns by it, until it is cancelled.

    Args:
        turns: The turns.
        waits: Tells whether a trial, by its id, does nothing now but wait, so that it needs no processor.
    """
    at_work = turns.limit  # beside those that only wait, of which there may be as many again
    seen = deque[tuple[float, float]](maxlen=_REMEMBERED)
    while turns.most:
        before = psutil.cpu_times()
        for _ in range(_LOOKS):
            begun = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY / _LOOKS)
            seen.append((time.monotonic() - begun - _LOOK_EVERY / _LOOKS, _ready()))
        machine = _machine(seen, idle=_idle(before, psutil.cpu_times()))
        waiting = {each.trial for each in turns.under_way if waits(each.trial)}
        limit = next_limit(at_work, machine, most=turns.most, all_taken=turns.all_taken)
        if limit < at_work:
            seen.clear()  # what one fewer makes of it shows from now on
        at_work = limit
        turns.change(min(at_work + min(len(waiting), turns.most), _room()))
        turns.only_wait(waiting if machine.idle > _QUIET else set())


def _machine(seen: Collection[tuple[float, float]], *, idle: float) -> Machine:
    """Return what was seen of the machine; of so few looks nothing is said of what is late or waits."""
    if len(seen) < _REMEMBERED:
        return Machine(idle=idle, late=0.0)
    late, ready = zip(*seen, strict=True)
    return Machine(idle=idle, late=max(late), ready=fmean(ready))


def _ready() -> float:
    """Return how many threads of the machine run or are ready to, without this one, for each processor."""
    try:
        with open(_LOADAVG, "rb", buffering=0) as file:
            running = int(file.read().split()[3].partition(b"/")[0]) - 1
    except (OSError, IndexError, ValueError):  # this is not Linux
        return 0.0
    return running / (os.cpu_count() or 1)


def _idle(before: Any, now: Any) -> float:
    spent = [max(0.0, later - earlier) for earlier, later in zip(before, now, strict=True)]
    by_kind = dict(zip(now._fields, spent, strict=True))
    return float(by_kind["idle"] + by_kind.get("iowait", 0.0)) / (sum(spent) or 1.0)
