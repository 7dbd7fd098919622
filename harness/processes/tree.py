"""Processes as ``/proc`` shows them: who lives, and who is below whom. Without ``/proc`` (macOS) nobody is seen.

A program that runs by its path, without this package, loads this file by its path: it imports little, and nothing of
crashproof. To look around reads a file for each process of the machine, so it is for rare moments. Who is below one
process is read from there alone where the kernel lists children, which all but few builds of Linux do.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from typing import NamedTuple

_LISTS_CHILDREN = os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


class SeenProcess(NamedTuple):
    """A process as ``/proc`` shows it.

    Attributes:
        pid: Process id.
        parent: Process id of its parent.
        group: Process group.
        start: Start time in clock ticks since boot, which tells it from a later process of the same id.
        dead: Whether it is a zombie.
    """

    pid: int
    parent: int
    group: int
    start: int
    dead: bool


def look(pid: int) -> SeenProcess | None:
    """Return the process of this id, or None if there is none (or no ``/proc``)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name stands in parentheses and may itself hold spaces and parentheses.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20:
        return None
    return SeenProcess(pid, int(fields[1]), int(fields[2]), int(fields[19]), fields[0] in (b"Z", b"X"))


def look_around() -> list[SeenProcess]:
    """Return every process of the machine."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [seen for name in names if name.isdigit() and (seen := look(int(name))) is not None]


def is_there(process: SeenProcess) -> bool:
    """Return whether this very process still lives; a later one of the same id does not count."""
    now = look(process.pid)
    return now is not None and now.start == process.start and not now.dead


def descendants(pid: int, processes: Iterable[SeenProcess] | None = None) -> list[SeenProcess]:
    """Return the living children of a process, their children, and so on; of those that are given, or of all.

    One that starts or ends meanwhile may be missed.
    """
    if processes is None and _LISTS_CHILDREN:
        return _listed_below(pid)
    children: dict[int, list[SeenProcess]] = {}
    for seen in look_around() if processes is None else processes:
        children.setdefault(seen.parent, []).append(seen)
    below: list[SeenProcess] = []
    ahead = [pid]
    while ahead:
        for seen in children.pop(ahead.pop(), ()):
            ahead.append(seen.pid)
            if not seen.dead:
                below.append(seen)
    return below


def _listed_below(pid: int) -> list[SeenProcess]:
    below: list[SeenProcess] = []
    ahead = [pid]
    while ahead:
        for child in _listed_children(ahead.pop()):
            ahead.append(child)
            if (seen := look(child)) is not None and not seen.dead:
                below.append(seen)
    return below


def _listed_children(pid: int) -> list[int]:
    """Return the children of a process: those of its threads, each of which lists its own."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += map(int, file.read().split())
    return children


def signal_exactly(process: SeenProcess, number: signal.Signals) -> bool:
    """Signal this very process and return whether it was still there; its id may have been given on."""
    with contextlib.suppress(OSError):
        # Once the descriptor is open it names one process for good, so the look that follows cannot be outdated.
        descriptor = os.pidfd_open(process.pid)
        try:
            if is_there(process):
                signal.pidfd_send_signal(descriptor, number)
                return True
        finally:
            os.close(descriptor)
    return False
