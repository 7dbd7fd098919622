"""A sampler of /proc: follows a process and all that descend from it, and keeps what each used of the processor."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from tests.bench.roles import ProcessKey, SampledProcess

PERIOD = 0.02  # seconds; a worker process lives for some tenths of a second
_PROC = Path("/proc")
_PARENT, _OWN, _WAITED_FOR, _STARTED = 1, slice(11, 13), slice(13, 15), 19  # fields of stat that follow the name


class Sampler:
    """Samples while it is entered, in a thread. The root must not be reaped before it is left.

    Attributes:
        processes: Each process that was seen, as the last sample that saw it shows it.
        longest_pause: Seconds between two samples, at most; a busy machine makes it longer than the period.
    """

    def __init__(self, root: int) -> None:
        if not (_PROC / "self" / "stat").is_file():
            raise SystemExit("CPU-seconds are read from /proc, which this system does not have")
        self.processes: dict[ProcessKey, SampledProcess] = {}
        self.longest_pause = 0.0
        self._root = root
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_left, name="sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        self.sample()  # the root has ended, and waited for its children

    def sample(self) -> None:
        """Look at every process of the machine once, and keep what is the root or descends from it."""
        stats = {key: fields for pid in os.listdir(_PROC) if pid.isdigit() for key, fields in _stat(int(pid))}
        keys = {key.pid: key for key in stats}
        for key in sorted(stats, key=lambda each: (each.started, each.pid)):
            parent = keys.get(int(stats[key][_PARENT]))
            if key in self.processes or key.pid == self._root or parent in self.processes:
                self._keep(key, stats[key], parent=parent)
        for key in self.processes.keys() - stats.keys():
            self.processes[key] = replace(self.processes[key], ended=True)

    def _keep(self, key: ProcessKey, fields: list[str], *, parent: ProcessKey | None) -> None:
        """Keep one process as it is now: its first parent, since another adopts it when that one dies first."""
        before = self.processes.get(key)
        self.processes[key] = SampledProcess(
            parent=before.parent if before else None if key.pid == self._root else parent,
            command=_command(key.pid) or (before.command if before else ()),  # a process that has ended shows none
            own=sum(map(int, fields[_OWN])) / self._ticks,
            waited_for=sum(map(int, fields[_WAITED_FOR])) / self._ticks,
        )

    def _sample_until_left(self) -> None:
        before = time.monotonic()
        while not self._left.wait(PERIOD):
            self.sample()
            now = time.monotonic()
            self.longest_pause = max(self.longest_pause, now - before)
            before = now


def _stat(pid: int) -> list[tuple[ProcessKey, list[str]]]:
    """Return a process with the fields of its stat that follow its name; nothing if it has gone."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
    return [(ProcessKey(pid, int(fields[_STARTED])), fields)]


def _command(pid: int) -> tuple[str, ...]:
    try:
        return tuple((_PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")[:-1])
    except OSError:
        return ()
