"""The cache of audits: what was found in files of a given content, by rules and limits of a given make."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import msgspec
import platformdirs

from harness.audit.code.file_outline import FileOutline
from harness.audit.code.reachability import AuditLimits
from harness.audit.code.source import SourceFile
from harness.audit.judging import PartResult, is_fresh
from harness.audit.rule import Rule
from harness.errors import RigError
from harness.records.files import write_bytes

KEPT_SECONDS = 30 * 86400
"""Results that nobody asked for this long are removed."""

T = TypeVar("T")


def cache_folder() -> Path:
    """Return where the audits of the current folder's project are remembered: in the user's own cache.

    Nothing in a project says how the audit of the project ends, so it is not within it.
    """
    return platformdirs.user_cache_path("crashproof") / "audit" / _digest([os.getcwd()])


class AuditCache:
    """Remembers outlines and results in a folder; without one it remembers nothing.

    A folder that cannot be written, or holds what cannot be read, is as good as an empty one. Nobody who cannot read
    the folder can write a file that is taken for a result of it: the names of all depend on a secret that is in it.

    Args:
        folder: Where.
        rules: The rules that are asked.
        limits: How far the audit goes.
        installed: The folders of installed packages: what is there decides what imports mean.
    """

    def __init__(
        self, folder: Path | None, *, rules: Iterable[Rule], limits: AuditLimits, installed: Iterable[Path]
    ) -> None:
        secret = _secret(folder) if folder else b""
        self.folder = folder if secret else None
        makes = [secret.hex(), _make(), repr(limits), os.getcwd(), *(rule.id for rule in rules)]
        makes += [f"{path} {path.stat().st_mtime_ns}" for path in installed]
        self._salt = _digest(makes)
        self._outlines_name = _digest([secret.hex(), "outlines"])
        self._outlines: dict[str, FileOutline] = (
            self._load(self._file(self._outlines_name), dict[str, FileOutline]) or {}
        )
        self._seen: dict[str, FileOutline] = {}

    def _file(self, name: str) -> Path | None:
        return self.folder / f"{name}.json" if self.folder else None

    def outline(self, source: SourceFile) -> FileOutline | None:
        """Return the outline of a file of this content, if it is known."""
        return self._outlines.get(self._outline_key(source))

    def keep_outline(self, source: SourceFile, outline: FileOutline) -> None:
        """Remember the outline of a file."""
        self._seen[self._outline_key(source)] = outline

    def _outline_key(self, source: SourceFile) -> str:
        return f"{source.digest} {sys.version_info[0]}.{sys.version_info[1]}"

    def key(self, part: Sequence[SourceFile]) -> str:
        """Return the name of the result for these files."""
        return _digest([self._salt, *(f"{source.path} {source.digest} {source.owned}" for source in part)])

    def result(self, key: str) -> PartResult | None:
        """Return the result of that name, if it is known and what it depends on is unchanged."""
        judged = self._load(self._file(key), PartResult)
        return judged if judged and is_fresh(judged) else None

    def keep_result(self, key: str, judged: PartResult) -> None:
        """Remember a result; one with errors is not worth it."""
        if not judged.errors:
            self._save(self._file(key), judged)

    def close(self) -> None:
        """Write the outlines seen in this audit, and remove what was not asked for in a long time."""
        path = self._file(self._outlines_name)
        if path is None or self.folder is None:
            return
        if self._seen.keys() - self._outlines.keys() or len(self._outlines) > 4 * len(self._seen) + 1000:
            kept = {} if len(self._outlines) > 4 * len(self._seen) + 1000 else self._outlines
            self._save(path, {**kept, **self._seen})
        self._forget(self.folder)

    def _forget(self, folder: Path) -> None:
        try:
            for path in folder.glob("*.json"):
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)
        except OSError:
            return

    def _load(self, path: Path | None, kind: type[T]) -> T | None:
        if path is None:
            return None
        try:
            value = msgspec.json.decode(path.read_bytes(), type=kind)
            if time.time() - path.stat().st_mtime > KEPT_SECONDS / 4:
                os.utime(path)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return value

    def _save(self, path: Path | None, value: object) -> None:
        if path is None:
            return
        try:
            write_bytes(path, msgspec.json.encode(value))
        except (OSError, RigError, UnicodeEncodeError):  # a text of the code may hold half a character
            return


def _secret(folder: Path) -> bytes:
    """Return the secret of a folder, made at its first use; empty where there can be none."""
    file = folder / "secret"
    try:
        if not file.is_file():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_bytes(file, secrets.token_bytes(16))
        return file.read_bytes()
    except (OSError, RigError):
        return b""


def _make() -> str:
    """Return what tells one version of the audit from another: the code it consists of, astroid's version, Python's."""
    here = Path(__file__).parent
    rooms = (here.parent / "records", here.parent / "temporal", here)
    code = [path.read_bytes() for room in rooms for path in sorted(room.rglob("*.py"))]
    return _digest([metadata.version("astroid"), sys.version, *(hashlib.blake2s(each).hexdigest() for each in code)])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.blake2s("\n".join(texts).encode(errors="surrogateescape"), digest_size=16).hexdigest()
