"""The database of a server as it was at the moment of its death, read from a copy before a start can heal anything."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from temporalio.api.history.v1 import History as Events

from harness.records.evidence import Crash, History

_SIDE_FILES = ("", "-wal", "-shm")


def copy_and_read(database: Path, *, folder: Path, at: float, runs: Iterable[History]) -> Crash:
    """Copy the database of a server that is dead, and read what the copy holds of some runs.

    Args:
        database: The SQLite file; its side files (write-ahead log) belong to it.
        folder: Where the copy goes.
        at: When the server died, in seconds since the epoch.
        runs: The runs to read, as histories without events.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for side in _SIDE_FILES:
        source = database.with_name(database.name + side)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return read(folder / database.name, at=at, runs=runs)


def read(database: Path, *, at: float, runs: Iterable[History]) -> Crash:
    """Read the histories of some runs out of a database, and whether SQLite finds it whole."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            integrity = "; ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check"))
            histories = tuple(_history(connection, run) for run in runs)
    except sqlite3.DatabaseError as error:
        return Crash(at=at, integrity=f"it cannot be read: {error}", histories=())
    return Crash(at=at, integrity=integrity, histories=histories)


def _history(connection: sqlite3.Connection, run: History) -> History:
    run_id = UUID(run.run_id).bytes
    return replace(run, events=(*_events(connection, run_id), *_buffered(connection, run_id)))


def _events(connection: sqlite3.Connection, run_id: bytes) -> Iterator[dict[str, Any]]:
    """Yield the events that count: a batch is written first, and counts once the execution's row says so.

    The history tree of a run has its run id. Of two batches that begin with the same event the later transaction's is
    valid; transaction numbers are stored negated.
    """
    row = connection.execute("SELECT next_event_id FROM executions WHERE run_id = ?", (run_id,)).fetchone()
    query = "SELECT node_id, data FROM history_node WHERE tree_id = ? ORDER BY node_id, txn_id DESC"
    batches = {first: batch for first, batch in connection.execute(query, (run_id,)) if row and first < row[0]}
    for _, batch in sorted(batches.items()):
        yield from _decoded(batch)


def _buffered(connection: sqlite3.Connection, run_id: bytes) -> Iterator[dict[str, Any]]:
    query = "SELECT data FROM buffered_events WHERE run_id = ? ORDER BY id"
    for (batch,) in connection.execute(query, (run_id,)):
        yield from _decoded(batch)


def _decoded(batch: bytes) -> Iterator[dict[str, Any]]:
    return (MessageToDict(event) for event in Events.FromString(batch).events)
