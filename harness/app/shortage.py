"""Shortages: a run that fails because the machine refuses something says that, and does not blame who was refused."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

from harness.errors import RigError, first_error

_LEAST_FREE = 2 * 2**20  # bytes that a server needs for its database, at the very least
_LEAST_FILES = 64  # open files that a server needs, at the very least: with fewer it ends without a word

_SIGNS = {
    "no room is left on the disk: free some, or give another place with --out": (
        "no space left on device",
        "disk is full",
        "disk quota exceeded",
    ),
    "files may not grow as large as they have to: see `ulimit -f`": ("file too large", "disk i/o error"),
    "too many files are open: allow more with `ulimit -n`, or run fewer trials at a time with --jobs": (
        "too many open files",
    ),
    "a file or folder may not be written: give a place that may with --out, and see who owns it": (
        "permission denied",
        "read-only file system",
        "operation not permitted",
    ),
}
"""What is said of each shortage, by what operating systems, Go and SQLite say in its place."""


def told_as_shortage(error: BaseException, *, folder: Path) -> RigError | None:
    """Return the failure of a run as the shortage that made it; None where no shortage is known to have.

    Args:
        error: What the run failed with.
        folder: Where its evidence and its database go.
    """
    first = first_error(error)
    if not isinstance(first, RigError | OSError):
        return None
    why = _by_words(str(first)) or _by_looking(folder)
    return RigError(f"{why}. What failed: {first}") if why else None


def _by_words(text: str) -> str:
    lowered = text.lower()
    return next((why for why, signs in _SIGNS.items() if any(sign in lowered for sign in signs)), "")


def _by_looking(folder: Path) -> str:
    """Say what is short at this moment; an empty text where nothing is."""
    full, too_large, too_many, *_ = _SIGNS
    try:
        if shutil.disk_usage(folder).free < _LEAST_FREE:
            return full
    except OSError:
        return ""
    largest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if 0 <= largest < _LEAST_FREE:
        return too_large
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return too_many if 0 <= files < _LEAST_FILES else ""
