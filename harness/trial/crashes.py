"""Crashes of a trial's server: copies of its database, made between its death and its next start."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from harness.doors.wire.attribution import Attribution
from harness.doors.wire.known_runs import KnownRun
from harness.records.evidence import Crash, History
from harness.servers.crash import copy_and_read


class CrashCopies:
    """Keeps what a killed server had persisted, so that it can be compared with what it had answered.

    Attributes:
        crashes: What was read from each copy, in order.

    Args:
        database: The database file of the server; None where it keeps nothing.
        folder: Where the copies go.
        attribution: Knows all runs.
    """

    def __init__(self, database: Path | None, *, folder: Path, attribution: Attribution) -> None:
        self.crashes: list[Crash] = []
        self._database = database
        self._folder = folder
        self._attribution = attribution

    async def copy(self) -> None:
        """Copy the database of the server, which is dead at this moment, and read the copy."""
        assert self._database is not None
        known = self._attribution.runs.values()
        runs = tuple(history_of(run) for run in known if not run.is_activity)  # which has no history in it
        folder = self._folder / f"{len(self.crashes) + 1}"
        crash = await asyncio.to_thread(copy_and_read, self._database, folder=folder, at=time.time(), runs=runs)
        self.crashes.append(crash)


def history_of(run: KnownRun) -> History:
    """Return the history of a run, its events still to be fetched."""
    return History(workflow_id=run.workflow_id, run_id=run.run_id, path=run.path, root=run.root, events=())
