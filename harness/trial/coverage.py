"""Coverage gaps: what leaves a worker process by no door, so that no strike can be aimed at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil


class CoverageGaps:
    """Looks at a worker process from outside, and collects what leaves it past the doors.

    It sees what is open at the moment it looks: connections, files open for writing, child processes. What comes and
    goes between two looks is missed.

    Args:
        doors: Gives the ports of the doors.
        own: Folder of the process's own log files, which are no gap.
    """

    def __init__(self, *, doors: Callable[[], set[int]], own: Path) -> None:
        self._doors = doors
        self._own = own.resolve()
        self._seen: dict[str, None] = {}

    @property
    def gaps(self) -> list[str]:
        """One line for each gap, in the order in which they were seen."""
        return list(self._seen)

    def look(self, pid: int) -> None:
        """Look once. A process that is gone is no error."""
        try:
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                self._look_at(process, child=process.pid != pid)
        except psutil.Error:
            return

    def _look_at(self, process: psutil.Process, *, child: bool) -> None:
        through_door = False
        for connection in process.net_connections("inet"):
            if not connection.raddr:
                continue
            if connection.raddr.port in self._doors():
                through_door = True
            else:
                self._seen[f"a connection to {connection.raddr.ip}:{connection.raddr.port} passes no door"] = None
        for file in process.open_files():
            written = getattr(file, "mode", "r") not in ("r",)
            if written and not Path(file.path).is_relative_to(self._own):
                self._seen[f"the file {file.path} is open for writing"] = None
        if child and not through_door:
            self._seen[f"a child process runs: {' '.join(process.cmdline())[:120]}"] = None
