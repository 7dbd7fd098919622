"""Scratch folders: what crashproof needs only while it runs, such as the database of its server.

Each is removed by who made it, or when the command ends, whatever ends it. A crashproof that was killed by SIGKILL can
do neither: so each folder holds the identity of the process that owns it, and the next command removes those whose
owner is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil

from harness.processes import tree

OWNER = ".crashproof-owner"
"""Name of the file that says whose a folder is."""
_PREFIX = "crashproof-"
_SHORT = "/tmp"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_RANDOM = 8  # characters that make the name of a temporary folder its own

_owned: set[Path] = set()


def new_folder(what: str, *, longest: int = 0) -> Path:
    """Make a folder of this process's own where temporary files go, named after what it is for.

    Args:
        what: What it is for.
        longest: How many characters its path may have, as for a unix socket in it; where temporary files go to a place
            of a longer path it is in ``/tmp``. 0: any number.
    """
    place = tempfile.gettempdir()
    if longest and len(f"{place}/{_PREFIX}{what}-") + _RANDOM > longest:
        place = _SHORT
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{what}-", dir=place))
    claim(folder)
    return folder


def claim(folder: Path) -> None:
    """Make a folder, where it is not there, this process's own: it does not outlive it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OWNER).write_text(_identity(os.getpid()))
    _owned.add(folder)


def holds(file: Path) -> bool:
    """Tell whether a file is in the scratch folder of a process of crashproof: nothing in it outlives its owner."""
    return any((folder / OWNER).is_file() for folder in file.parents)


def keep(folder: Path) -> None:
    """Let a folder stay when this process ends."""
    _owned.discard(folder)
    (folder / OWNER).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder of this process's own and all in it; one that is kept stays.

    Where that fails, since too many files are open perhaps, it is tried once more when this process ends.
    """
    if folder in _owned:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            _owned.discard(folder)


def remove_all() -> None:
    """Remove all that this process owns."""
    for folder in list(_owned):
        remove(folder)


def remove_abandoned(*places: Path) -> None:
    """Remove what processes that are gone owned, among these folders and those where temporary files go."""
    temporary = {Path(tempfile.gettempdir()), Path(_SHORT)}
    owners = [owner for place in temporary for owner in place.glob(f"{_PREFIX}*/{OWNER}")]
    for owner in (*owners, *(place / OWNER for place in places)):
        with contextlib.suppress(OSError):  # of another user, or another command removes it at the same time
            pid, _, _ = (identity := owner.read_text()).partition(" ")
            if pid.isdigit() and _identity(int(pid)) != identity:
                shutil.rmtree(owner.parent, ignore_errors=True)


def _identity(pid: int) -> str:
    """Return what no other process will ever have in common with that of this id; an empty text where none runs.

    By the system's clock, which may be set at any time, each process would begin at another time afterwards.
    """
    if seen := tree.look(pid):
        with contextlib.suppress(OSError):
            return f"{pid} {seen.start} {_BOOT.read_text().strip()}"
    try:
        return f"{pid} {psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""
