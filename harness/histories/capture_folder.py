"""A folder of captured histories: files of Temporal's own JSON, and ``captured.json`` that says what each one is.

::

    histories/
      captured.json                              the index: ids, type, status, why it was taken
      <workflow id>.<run id>.json                {"events": [...]}, as the Web UI, the CLI and the SDKs read it
      <workflow id>.<run id>.json.gz             the same, where asked for

In the name of a file the workflow id is percent-encoded, and cut when it is very long; the index has all of it.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.foreign import for_file_name
from harness.histories.choosing import Candidate
from harness.records.capture_result import CapturedHistory, Kept
from harness.records.files import write_bytes, write_json

INDEX = "captured.json"

_BETWEEN_WRITES = 1.0


@dataclass(frozen=True, kw_only=True)
class CaptureIndex:
    """The content of ``captured.json``, the index of a folder of captured histories.

    Attributes:
        captured: The histories in the folder.
        passed_over: Run ids of ended executions that were looked at and hold nothing that the others do not.
        schema_version: Version of this form.
    """

    captured: tuple[CapturedHistory, ...] = ()
    passed_over: tuple[str, ...] = ()
    schema_version: int = 1


def read_index(folder: Path) -> CaptureIndex:
    """Return what a folder says of its histories; an empty index where it says nothing.

    Raises:
        UsageError: The index cannot be read.
    """
    path = folder / INDEX
    try:
        return msgspec.json.decode(path.read_bytes(), type=CaptureIndex)
    except (FileNotFoundError, NotADirectoryError):
        return CaptureIndex()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no index of captured histories: {error}; move it away or use another --out"
        ) from error


def file_name(workflow_id: str, *, run_id: str) -> str:
    """Return the name of an execution's file, without a suffix for compression."""
    return f"{for_file_name(workflow_id)}.{for_file_name(run_id)}.json"


class CaptureFolder:
    """A folder of captured histories with its index, which a capture adds to.

    What was written stays whole whenever the process dies.

    Args:
        folder: The folder; made when the first file is written.
        compress: Whether new files are compressed.
        overwrite: Whether a file with another content is written over.

    Raises:
        UsageError: The folder is a file, or its index cannot be read.
    """

    def __init__(self, folder: Path, *, compress: bool = False, overwrite: bool = False) -> None:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; give the folder that histories go to with --out")
        self.folder = folder
        self._compress = compress
        self._overwrite = overwrite
        index = read_index(folder)
        self._captured = {each.run_id: each for each in index.captured}
        self._passed_over = dict.fromkeys(index.passed_over)
        self._written = time.monotonic()
        self._pending = False

    @property
    def captured(self) -> tuple[CapturedHistory, ...]:
        """What the index holds."""
        return tuple(self._captured.values())

    def was_passed_over(self, candidate: Candidate) -> bool:
        """Tell whether an execution was looked at before, and held nothing new."""
        return candidate.run_id in self._passed_over

    def pass_over(self, candidate: Candidate) -> None:
        """Remember that an execution holds nothing new; an open one may still come to hold it."""
        if not candidate.is_open:
            self._passed_over[candidate.run_id] = None
            self._note()

    def entry_of(self, candidate: Candidate) -> CapturedHistory | None:
        """Return what the index says of an execution."""
        return self._captured.get(candidate.run_id)

    def is_done(self, candidate: Candidate, *, scrubbed: bool) -> bool:
        """Tell whether an execution that has ended is here, whole and as asked, so that it need not be read again."""
        entry = self.entry_of(candidate)
        if entry is None or entry.open or entry.scrubbed != scrubbed:
            return False
        path = self.folder / entry.file
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256

    def keep(self, entry: CapturedHistory, events: list[dict[str, Any]]) -> tuple[Kept, CapturedHistory]:
        """Write a history and its entry, unless its file is there with another content and may not be overwritten.

        Returns:
            What was done, and the entry as it now is.

        Raises:
            RigError: The disk does not take it.
        """
        there = self._captured.get(entry.run_id)
        content = msgspec.json.format(msgspec.json.encode({"events": events}), indent=2) + b"\n"
        path = self._path(entry, there)
        kept: Kept = "new"
        if path.exists():
            kept = "same" if _events_in(path) == events else "replaced" if self._overwrite else "changed"
        if kept == "changed":
            return kept, replace(entry, file=path.name)
        if kept in ("new", "replaced"):
            self._write(path, content)
        if there:
            entry = replace(entry, why=there.why, adds=tuple(dict.fromkeys((*there.adds, *entry.adds))))
        entry = replace(entry, file=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        self._captured[entry.run_id] = entry
        self._passed_over.pop(entry.run_id, None)
        self._note()
        return kept, entry

    def flush(self) -> None:
        """Write the index if anything of it is new."""
        if self._pending:
            captured = sorted(self.captured, key=lambda each: (each.workflow_type, each.started, each.run_id))
            write_json(
                self.folder / INDEX, CaptureIndex(captured=tuple(captured), passed_over=tuple(self._passed_over))
            )
            self._pending, self._written = False, time.monotonic()

    def _path(self, entry: CapturedHistory, there: CapturedHistory | None) -> Path:
        plain = self.folder / file_name(entry.workflow_id, run_id=entry.run_id)
        compressed = plain.with_name(f"{plain.name}.gz")
        indexed = [self.folder / there.file] if there else []
        known = [path for path in (*indexed, plain, compressed) if path.exists()]
        return known[0] if known else compressed if self._compress else plain

    def _write(self, path: Path, content: bytes) -> None:
        write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)

    def _note(self) -> None:
        """Write the index now and then: all of it for each history would cost more than the histories."""
        self._pending = True
        if time.monotonic() - self._written >= _BETWEEN_WRITES:
            self.flush()


def covered_by(captured: Iterable[CapturedHistory]) -> dict[str, set[str]]:
    """Return by workflow type what captured histories hold."""
    held: dict[str, set[str]] = {}
    for each in captured:
        held.setdefault(each.workflow_type, set()).update(each.adds)
    return held


def _events_in(path: Path) -> Any:
    """Return the events in a file; None if it holds none."""
    try:
        content = path.read_bytes()
        return msgspec.json.decode(gzip.decompress(content) if path.suffix == ".gz" else content)["events"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
