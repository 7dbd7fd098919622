"""The folder of a run: made, removed where the run cannot be done as asked, and its kept database looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
def copied_database(run: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Copy the server's database that a run kept, and yield the copy, and where the run has others.

    A server that is opened on a database goes on with it: the evidence stays as the run left it.

    Args:
        run: The folder of the run, or ``latest``.

    Raises:
        UsageError: It is no such folder, or was not kept.
    """
    folder = folders.find_run(folders.RUNS / "latest" if str(run) == "latest" else run)
    databases = sorted((folder / RIG).rglob("temporal.db"), key=lambda file: file.parts)
    if not databases:
        raise UsageError(f"{folder} holds no database of its server: run it with --keep")
    first, *others = databases
    place = scratch.new_folder("opened")
    try:
        for file in first.parent.glob("temporal.db*"):  # what SQLite has not yet written back lies beside it
            shutil.copy(file, place)
        yield place / first.name, [each for each in others if each]
    finally:
        scratch.remove(place)
