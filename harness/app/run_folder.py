"""The folder of a run: made, removed where the run cannot be done as asked, and its kept database looked at."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from harness.app.run import RIG
from harness.errors import UsageError, first_error
from harness.processes import scratch
from harness.records import store as folders
from harness.records.private_files import close_to_others


@contextmanager
def new_run_folder(out: Path) -> Iterator[Path]:
    """Make the folder of a new run below ``out``, and point ``latest`` at it.

    A run that was asked for wrongly has shown nothing: where no trial was judged its folder is removed, and ``latest``
    points at what it pointed at before.

    Raises:
        RigError: It cannot be made.
    """
    latest = out / "latest"
    before = latest.readlink() if latest.is_symlink() else None
    folder = folders.new_run(out)
    try:
        yield folder
    except (UsageError, BaseExceptionGroup) as error:
        if isinstance(first_error(error), UsageError) and not any(folder.glob("trials/*/verdict.json")):
            shutil.rmtree(folder, ignore_errors=True)
            folders.point_latest(out, at=before)
        raise
    finally:
        if folder.is_dir():
            close_to_others(folder)


@contextmanager
def copied_database(run: Path, *, trial: str = "") -> Iterator[tuple[Path, list[Path]]]:
    """Copy a database of the run's servers that was kept, and yield the copy, and where the run has others.

    A server that is opened on a database goes on with it: the evidence stays as the run left it.

    Args:
        run: The folder of the run.
        trial: The trial whose server it is; empty for the first that the run had.

    Raises:
        UsageError: It is no such folder, nothing was kept, or no database has that trial.
    """
    folder = folders.find_run(run)
    databases = sorted((folder / RIG).rglob("temporal.db"), key=lambda file: file.parts)
    if not databases:
        raise UsageError(f"{folder} holds no database of its server: run it with --keep")
    namespace = f"trial-{trial}" if trial else ""
    if trial and (folder / "trials" / trial / "trial.json").is_file():
        namespace = folders.load_evidence(folder / "trials" / trial).namespace or namespace
    place = scratch.new_folder("opened")
    try:
        for database in databases:
            for file in database.parent.glob("temporal.db*"):  # what SQLite has not yet written back lies beside it
                shutil.copy(file, place)
            if not namespace or _has_namespace(place / database.name, namespace):
                yield place / database.name, [each for each in databases if each != database]
                return
            for file in place.iterdir():
                file.unlink()
        raise UsageError(f"no database that {folder} kept has trial {trial!r}; `trials` there lists them")
    finally:
        scratch.remove(place)


def _has_namespace(database: Path, name: str) -> bool:
    """Tell whether a server's database has a namespace."""
    try:
        with closing(sqlite3.connect(database)) as opened:
            return opened.execute("SELECT 1 FROM namespaces WHERE name = ?", (name,)).fetchone() is not None
    except sqlite3.Error:  # a server that was killed as it began has left less
        return False
