"""Files of evidence: written whole or not at all, for nobody else to read; what is wrong with one is told."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import RigError, UsageError
from harness.records.json_text import json_bytes
from harness.records.private_files import make_private

T = TypeVar("T")

UNREADABLE = (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a file of evidence may raise."""


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, atomically."""
    write_bytes(path, json_bytes(value))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as ``write_pieces`` does."""
    write_pieces(path, (content,))


def write_pieces(path: Path, content: Iterable[bytes]) -> None:
    """Write a file piece by piece, so that it is there whole or not at all, for nobody else to read.

    Raises:
        RigError: The disk does not take it.
    """
    with on_disk(path):
        make_private(path.parent)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            partial.touch(mode=0o600)
            with partial.open("wb") as file:
                file.writelines(content)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def read_json(path: Path, kind: type[T]) -> T:
    """Read a value from JSON.

    Raises:
        UsageError: The file is missing, unreadable, or not what it should be; with its name.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except UNREADABLE as error:
        raise corrupt(path, error) from error


def corrupt(path: Path, error: Exception) -> UsageError:
    """Return the error that tells which file of evidence cannot be read, and why."""
    reason = "it is missing" if isinstance(error, FileNotFoundError) else str(error)
    return UsageError(f"the evidence in {path} cannot be read: {reason}; run the scenario again to have it anew")


@contextlib.contextmanager
def on_disk(place: Path) -> Iterator[None]:
    """Tell what the disk does not take as what it is.

    Args:
        place: The file or folder that is written.

    Raises:
        RigError: It is full, or may not be written to.
    """
    try:
        yield
    except OSError as error:
        room = "free some room or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        words = f"evidence cannot be written to {error.filename or place}: {error.strerror}"
        raise RigError(f"{words}; {room}give another place with --out") from error
