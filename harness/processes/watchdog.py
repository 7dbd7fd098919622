"""The watchdog: a small process that kills what crashproof started, should crashproof itself be killed.

It runs this file by its path with ``python -I -S``, so it imports the standard library alone and is up in about 20 ms.
crashproof holds the other end of its standard input and writes one line for each process: ``+pid start`` once it is
started, ``-pid`` once it is gone. End of file means that crashproof is gone, however it died; then everything still
registered is killed, and everything that carries the marker of this run in its environment.

The functions below read ``/proc`` and are used by crashproof itself too. Without ``/proc`` they find nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

MARKER = "CRASHPROOF_RUN"
"""Environment variable that every process of a run carries: ``<run>.<number>``."""

_SWEEP_LIMIT = 5.0  # seconds after which a process that does not die (uninterruptible sleep) is left alone


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
    """Return the living children of a process, their children, and so on."""
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


def marked(marker: str) -> list[SeenProcess]:
    """Return the living processes whose environment carries the marker: ``<run>.<number>``, or ``<run>.`` for any."""
    sought = f"\0{MARKER}={marker}".encode()
    if not marker.endswith("."):
        sought += b"\0"
    return [seen for seen in look_around() if not seen.dead and seen.pid != os.getpid() and sought in _environ(seen)]


def _environ(process: SeenProcess) -> bytes:
    try:
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            return b"\0" + file.read() + b"\0"
    except OSError:  # gone, or of another user
        return b""


def kill_exactly(process: SeenProcess) -> bool:
    """Send SIGKILL to this very process and return whether it was still there; its id may have been given on."""
    with contextlib.suppress(OSError):
        # Once the descriptor is open it names one process for good, so the look that follows cannot be outdated.
        descriptor = os.pidfd_open(process.pid)
        try:
            if is_there(process):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


def kill_group(leader: int, start: int) -> None:
    """Send SIGKILL to the group and to all descendants of its leader, unless that id now belongs to another process.

    A leader that is gone leaves its id to its group for as long as one member lives, so the group is still its own.

    Args:
        leader: Process id of the leader, which is the id of the group.
        start: Start time of the leader as in ``SeenProcess``; 0 where there is no ``/proc`` to tell it.
    """
    seen = look(leader)
    if seen is not None and seen.start != start:
        return
    below = descendants(leader)
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
    for process in below:
        kill_exactly(process)


def kill_marked(marker: str, *, limit: float = _SWEEP_LIMIT) -> list[SeenProcess]:
    """Kill every process that carries the marker, again and again until none is left.

    Args:
        marker: As for ``marked``.
        limit: Seconds after which to give up; 0 for one round.

    Returns:
        The processes not yet seen to be gone.
    """
    deadline = time.monotonic() + limit
    while left := marked(marker):
        for process in left:
            kill_exactly(process)
        if time.monotonic() >= deadline:
            return left
        time.sleep(0.005)
    return []


def watch(lines: Iterable[bytes], run: str) -> None:
    """Follow the lines until they end, then kill what is left.

    Args:
        lines: ``+pid start`` and ``-pid``; the rest is ignored, as is a line cut short.
        run: The run whose marked processes are killed too.
    """
    known: dict[int, int] = {}
    for line in lines:
        words = line[1:].split()
        if line.startswith(b"+") and len(words) == 2 and line.endswith(b"\n"):
            known[int(words[0])] = int(words[1])
        elif line.startswith(b"-") and line.endswith(b"\n"):
            known.pop(int(words[0]), None)
    for pid, start in known.items():
        kill_group(pid, start)
    kill_marked(f"{run}.")


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin.buffer, sys.argv[1])
