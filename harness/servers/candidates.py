"""A candidate for a server binary: whether it works, which version it is, and the note of both.

A binary has 250 MB, so it is run and hashed once; after that its note is believed for as long as size and modification
time stay the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from harness.processes import scratch
from harness.processes.process import Process
from harness.servers.installing import Installer, follow
from harness.servers.packages import ServerPackage

VERSION_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class BinaryKind:
    """A kind of binary that crashproof needs.

    Attributes:
        name: Name of the program, on PATH and in the cache.
        title: What it is called in messages.
        option: Command-line option that names one.
        variable: Environment variable that names one.
        version_arguments: Arguments that make it print its version.
        version_pattern: What the first printed line must match.
        package: Name of the Python package that brings one.
        installer: The way to get one where none is.
        manual: What a user can do who wants to get it without crashproof.
        to_cache: What puts one into crashproof's own cache.
        untold: What stands for the version of a program that prints only its usage, which starts with ``Usage:``.
    """

    name: str
    title: str
    option: str
    variable: str
    version_arguments: tuple[str, ...]
    version_pattern: str
    package: str
    installer: Installer
    manual: str
    to_cache: str = "run `crashproof server install`"
    untold: str = ""


@dataclass(frozen=True, kw_only=True)
class Binary:
    """A binary that was seen to work.

    Attributes:
        path: Absolute path.
        version: The line that it prints as its version.
        sha256: Digest of the file, in hex.
        source: Where it was found or how it was got.
        package: The Python package that brought it, or None if none did.
    """

    path: Path
    version: str
    sha256: str
    source: str
    package: ServerPackage | None = None

    @property
    def description(self) -> dict[str, str]:
        """What ``run.json`` says of the server that a run had."""
        return {"version": self.version, "path": str(self.path), "sha256": self.sha256, "source": self.source}

    def as_json(self) -> dict[str, Any]:
        """Return it with its path as text."""
        return {**asdict(self), "path": str(self.path)}


class BrokenError(Exception):
    """A candidate that does not work; the message says how."""


def cache_folder(kind: BinaryKind) -> Path:
    """Return the folder of crashproof's own copy."""
    return platformdirs.user_cache_path("crashproof") / kind.name


def cached(kind: BinaryKind) -> Path:
    """Return the path of crashproof's own copy, whether it is there or not."""
    return cache_folder(kind) / kind.name


async def examine(kind: BinaryKind, path: Path, *, source: str) -> Binary:
    """Return what is known of a candidate, or find it out and note it.

    Raises:
        BrokenError: It does not work.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise BrokenError(f"{path}: {error.strerror}") from None
    if os.access(path, os.X_OK) and (noted := _noted(kind, path, stat)):
        origin = f", from {noted['source']}" if path == cached(kind) else ""
        return Binary(path=path, version=noted["version"], sha256=noted["sha256"], source=f"{source}{origin}")
    binary = await probe(kind, path, source=source)
    note(kind, binary, stat=stat)
    return binary


async def probe(kind: BinaryKind, path: Path, *, source: str) -> Binary:
    """Run and hash a candidate.

    Raises:
        BrokenError: It does not work.
    """
    if not path.is_file():
        raise BrokenError(f"{path} is not a file")
    if not os.access(path, os.X_OK):
        raise BrokenError(f"{path} is not executable (`chmod +x` allows it)")
    version = await _version(kind, path)
    return Binary(path=path, version=version, sha256=await asyncio.to_thread(_sha256, path), source=source)


async def _version(kind: BinaryKind, path: Path) -> str:
    asked = " ".join([str(path), *kind.version_arguments])
    logs = scratch.new_folder("version")
    try:
        process = await Process.start([str(path), *kind.version_arguments], name="version", logs=logs)
        status = await follow(process, limit=VERSION_SECONDS)
        # A usage may come on stderr.
        printed = next(
            filter(None, (log.read_text(errors="replace").strip() for log in (process.out, process.err))), ""
        )
        tail = process.log_tail(1)
    finally:
        scratch.remove(logs)
    if status is None:
        raise BrokenError(f"`{asked}` did not end within {VERSION_SECONDS:.0f} s")
    if status != 0:
        raise BrokenError(f"`{asked}` failed with exit status {status}{tail and ': '}{tail}")
    line = printed.splitlines()[0] if printed else ""
    if not re.match(kind.version_pattern, line):
        raise BrokenError(f"`{asked}` printed {line!r}, which is not the version of {kind.title}")
    return kind.untold if kind.untold and line.startswith("Usage:") else line


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note_path(kind: BinaryKind, path: Path) -> Path:
    """Return where a binary is noted: beside crashproof's own copy, and in the cache for all others."""
    if path == cached(kind):
        return path.with_suffix(".json")
    return cache_folder(kind) / "seen" / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.json"


def _noted(kind: BinaryKind, path: Path, stat: os.stat_result) -> dict[str, str] | None:
    """Return the note of a binary if it was made of this very file: 250 MB are not hashed again at every start."""
    try:
        note = json.loads(_note_path(kind, path).read_text())
        same = (note["path"], note["size"], note["mtime_ns"]) == (str(path), stat.st_size, stat.st_mtime_ns)
        return {key: str(note[key]) for key in ("version", "sha256", "source")} if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note(kind: BinaryKind, binary: Binary, *, stat: os.stat_result) -> None:
    """Note what is known of a binary; ``stat`` tells later whether its file is still the same."""
    noted = {
        **binary.as_json(),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    target = _note_path(kind, binary.path)
    with suppress(OSError):  # a cache that cannot be written makes the next start slower, no more
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        draft.write_text(json.dumps(noted, indent=2) + "\n")
        os.replace(draft, target)
