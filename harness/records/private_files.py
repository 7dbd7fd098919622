"""Files that nobody else on the machine can read: evidence, and the logs in it, without the secrets of the worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.records.withheld import WITHHELD

_CHUNK = 1 << 20

HOME = ".crashproof"
"""Folder of the project in which evidence is kept."""

LONGEST_LOG = 8 << 20
"""Bytes of a log file that are kept of a trial: half of them from its beginning, half from its end."""


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, where they are missing: nobody else can look into what is made.

    What is below a new ``.crashproof`` is left out by git, as pytest and mypy have it for their caches: evidence holds
    what the worker said.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        if each.name == HOME:
            (each / ".gitignore").write_text("*\n", encoding="utf-8")


def close_to_others(folder: Path) -> None:
    """Take what others may do with a folder, and with all in it, away from them."""
    for place, folders, files in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in (*folders, *files))):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)


def withhold(secrets: Sequence[str], folder: Path) -> None:
    """Withhold secrets in all log files of a folder, a part at a time, whatever their sizes."""
    sought = [secret.encode(errors="surrogateescape") for secret in secrets]
    for path in sorted(folder.glob("*")) if sought else ():
        if path.is_file() and not path.is_symlink() and _holds(path, sought):
            _rewrite(path, sought)


def _holds(path: Path, sought: Sequence[bytes]) -> bool:
    overlap = max(map(len, sought)) - 1
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            seen = tail + chunk
            if any(secret in seen for secret in sought):
                return True
            tail = seen[-overlap:] if overlap else b""
    return False


def _rewrite(path: Path, sought: Sequence[bytes]) -> None:
    """Write a file anew without secrets: what may be the beginning of one waits for the next part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.touch(mode=0o600)
    overlap = max(map(len, sought)) - 1
    with path.open("rb") as old, partial.open("wb") as new:
        rest = b""
        while chunk := old.read(_CHUNK):
            rest += chunk
            for secret in sought:
                rest = rest.replace(secret, WITHHELD.encode())
            done = max(0, len(rest) - overlap)
            new.write(rest[:done])
            rest = rest[done:]
        new.write(rest)
    partial.replace(path)


def shorten(folder: Path) -> bool:
    """Leave the middle of each log file of a folder out that is too long; tell whether one was."""
    files = [path for path in sorted(folder.glob("*")) if path.is_file() and not path.is_symlink()]
    long = [path for path in files if path.stat().st_size > LONGEST_LOG]
    for path in long:
        _leave_middle_out(path)
    return bool(long)


def _leave_middle_out(path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.touch(mode=0o600)
    half, size = LONGEST_LOG // 2, path.stat().st_size
    with path.open("rb") as old, partial.open("wb") as new:
        new.write(old.read(half))
        new.write(f"\n{WITHHELD} {size - 2 * half:,} bytes left out by crashproof {WITHHELD}\n".encode())
        old.seek(size - half)
        new.write(old.read())
    partial.replace(path)
