"""Coverage gaps: what leaves a worker process by no door, so that no strike can be aimed at it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from socket import AF_UNIX
from typing import Any

import psutil

from harness.processes import scratch, sockets, tree
from harness.records.act_facts import PastDoors
from harness.records.point import Point
from harness.records.scenario import TRIAL, Scenario
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry
from harness.trial.rig import Rig, Slot
from harness.trial.written_files import WrittenFiles, database_of

_QUICK = 0.05  # seconds; where looking at all files takes longer, it is done at the ends of attempts alone


_HAS_PROC = os.path.isdir("/proc/self")


@dataclass(frozen=True)
class _Leak:
    """Something that left the worker by no door: what it was, and of what kind."""

    what: str
    words: str


def only_asks(command: Sequence[str]) -> bool:
    """Tell whether a command changes nothing: ``uname``, which ``platform.uname()`` runs for the headers of clients."""
    return Path(command[0]).name == "uname" if command else False


class CoverageGaps:
    """Looks at a worker process from outside, and collects what leaves it past the doors.

    It looks whenever a message is held, and once more when the worker is about to end and when it has ended. Files that
    were written below the worker's folders by then are seen without fail (see ``harness.trial.written_files``), those
    that were written through a mapping with the end of the attempt. Of connections, files elsewhere and child processes
    what is open at the moment of a look is seen: what comes and goes between two looks is missed.

    Args:
        folders: Folders of the worker.
        own: Folders of crashproof's own, logs and evidence, which are no gap.
        workers: The worker processes.
        tape: Where what was seen is put down, with the point that was held.
        compared: Files and folders that are compared as state: what is written there is no gap.
        others: Patterns of paths that other trials write to at the same time, beside those that are compared.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path],
        own: Sequence[Path],
        workers: WorkerRegistry,
        tape: LiveTape,
        compared: Sequence[Path] = (),
        others: Sequence[str] = (),
    ) -> None:
        self._own = [folder.resolve() for folder in own]
        self._compared = [path.resolve() for path in compared]
        self._others = others
        self._workers = workers
        self._tape = tape
        self._files = WrittenFiles(folders, own=own)
        self._doors: Callable[[], set[int]] = set
        self._seen: dict[_Leak, None] = {}
        self._sockets: dict[int, Any] = {}
        self._looking = asyncio.Lock()
        self._waiting: list[Point | None] = []
        self._took = 0.0

    @property
    def gaps(self) -> list[str]:
        """One line for each gap, in the order in which they were seen."""
        more = ["there are too many files below the worker's folder to see each one that is written"]
        leaks = (leak.words for leak in self._seen if not self._is_compared(leak.what))
        return [*leaks, *(more if self._files.too_many else ())]

    async def begin(self, *, doors: Callable[[], set[int]]) -> None:
        """Take the files that are there for untouched, since the work is about to begin.

        Args:
            doors: Gives the ports of the doors.
        """
        self._doors = doors
        await asyncio.to_thread(self._files.begin)

    async def look(self, point: Point | None = None) -> None:
        """Look once, and put on the tape what was written or opened since the last look.

        One look serves all whose messages were held before it began: of many activities at a time, each would wait for
        the looks of all others else.

        Args:
            point: The point that is held meanwhile, if one is.
        """
        waiting = self._waiting
        waiting.append(point)
        async with self._looking:
            if waiting is not self._waiting:  # a look has begun since then, and has ended
                return
            self._waiting = []
            point = waiting[0]
            ends = any(each is None or each.operation.startswith("RespondActivityTask") for each in waiting)
            process = self._workers.process
            looks = ends or (self._took < _QUICK and self._files.may_be_written())
            written = await asyncio.to_thread(self._written) if looks else []
            opened = await asyncio.to_thread(self._opened, process.pid) if process else []
            new = [*written, *(leak for leak in opened if self._is_new(leak, written))]
            self._seen.update(dict.fromkeys(new))
        if new:
            facts = PastDoors(what=[leak.words for leak in new], seen_at=point.id if point else "")
            self._tape.note("past-doors", worker=self._workers.number, facts=facts)

    def close(self) -> None:
        """Look no more."""
        self._files.close()

    def _written(self) -> list[_Leak]:
        began = time.monotonic()
        files = [str(path) for path in self._files.written()]
        written = [_Leak(path, f"the file {path} is written") for path in files if not self._is_of_others(path)]
        self._took = time.monotonic() - began
        return written

    def _is_new(self, opened: _Leak, written: Sequence[_Leak]) -> bool:
        """Tell whether something open was not seen before, as open or as written."""
        return opened.what not in {leak.what for leak in (*written, *self._seen)}

    def _opened(self, pid: int) -> list[_Leak]:
        """Return what is open now, in the process and those below it. One that is gone is no error."""
        leaks: dict[_Leak, None] = {}
        try:
            root = psutil.Process(pid)
            own = root.cmdline()
            for process in (root, *_below(root)):
                leaks.update(dict.fromkeys(self._opened_by(process, own=own, child=process.pid != pid)))
        except psutil.Error:
            pass
        return list(leaks)

    def _opened_by(self, process: psutil.Process, *, own: list[str], child: bool) -> Iterator[_Leak]:
        remote = self._remote_addresses(process)
        passing = [f"{address.ip}:{address.port}" for address in remote if address.port not in self._doors()]
        yield from (_Leak(address, f"a connection to {address} passes no door") for address in passing)
        for file in process.open_files():
            if getattr(file, "mode", "r") != "r" and not self._is_own(Path(file.path)):
                yield _Leak(file.path, f"the file {file.path} is open for writing")
        if child and len(passing) == len(remote) and not only_asks(process.cmdline()):
            # A fork has the command line of what it was forked from: of a worker that was forked itself it is ours.
            command = "a fork of the worker" if process.cmdline() == own else " ".join(process.cmdline())[:120]
            yield _Leak(command, f"a child process runs: {command}")

    def _remote_addresses(self, process: psutil.Process) -> list[Any]:
        """Return what a process is connected to. All sockets of the machine are listed for those alone that are new.

        One that is connected stays what it is for as long as it is there, and so does one that leads to no network.
        """
        opened = sockets.opened_by(process.pid)
        if not opened:
            return [socket.raddr for socket in process.net_connections("inet") if socket.raddr]
        known = {inode: self._sockets[inode] for inode in opened.values() if inode in self._sockets}
        if len(known) < len(set(opened.values())):
            known |= _connected(process, opened)
        self._sockets.update(known)
        return [address for address in known.values() if address]

    def _is_compared(self, what: str) -> bool:
        path = Path(database_of(what))
        return any(path.is_relative_to(each) for each in self._compared)

    def _is_of_others(self, what: str) -> bool:
        database = Path(database_of(what))
        named = (str(each) for each in (database, *database.parents))
        return not self._is_compared(what) and any(fnmatch(each, pattern) for each in named for pattern in self._others)

    def _is_own(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._own) or scratch.holds(path)


def _below(root: psutil.Process) -> Iterator[psutil.Process]:
    if not _HAS_PROC:
        yield from root.children(recursive=True)
        return
    for seen in tree.descendants(root.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield psutil.Process(seen.pid)


def _connected(process: psutil.Process, opened: dict[int, int]) -> dict[int, Any]:
    """Return what those sockets of a process are connected to that are, by inode; None where that is no network."""
    try:
        if os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            remote = sockets.remote_addresses()
            return {inode: remote[inode] for inode in opened.values() if inode in remote}
    except OSError:  # the kernel does not list them, or the process is gone
        pass
    return {
        opened[each.fd]: None if each.family == AF_UNIX else each.raddr
        for each in process.net_connections("all")
        if each.fd in opened and (each.raddr or each.family == AF_UNIX)
    }


def coverage_of(
    scenario: Scenario, *, slot: Slot, rig: Rig, folder: Path, workers: WorkerRegistry, tape: LiveTape
) -> CoverageGaps:
    """Return what looks at the worker's folder, and at those that its environment names."""
    named = [Path(value) for value in scenario.env.values() if os.path.isabs(value)]
    return CoverageGaps(
        folders=[Path.cwd(), *named],
        own=[*own_folders(folder), rig.folder],
        compared=scenario.states_of(slot.namespace),
        others=[str(Path.cwd() / name).replace(TRIAL, "*") for name in scenario.states if TRIAL in name],
        workers=workers,
        tape=tape,
    )


def own_folders(trial: Path) -> list[Path]:
    """Return where crashproof itself writes while trials run: the folder of a run, or that of its trials alone.

    Args:
        trial: Folder of the evidence of one trial, ``trials/<id>``; in a run ``run.json`` stands beside ``trials``.
    """
    run = trial.parent.parent
    return [run] if (run / "run.json").is_file() else [trial.parent]
