"""The folder of a new run, and what becomes of it where the run cannot be done as asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UsageError, first_error
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
