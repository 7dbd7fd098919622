"""The code under test, as one digest: machines of a campaign that do not have the same would judge different things."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_KINDS = frozenset({".py", ".json", ".toml", ".yaml", ".yml", ".go", ".ts", ".js", ".java", ".rb", ".cs", ".php"})
_ELSEWHERE = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})
_LARGEST = 4 * 1024 * 1024  # bytes: larger files are data, and not code


def code_digest(folder: Path, *, versions: Mapping[str, str]) -> str:
    """Return a digest of the code in a folder and of the versions that run it.

    Files of programs and of their configuration count, by their path and content; hidden folders, environments and what
    is built do not.

    Args:
        folder: The folder in which the worker's command is given.
        versions: Versions of what runs the code: crashproof, the SDK, the server.
    """
    whole = hashlib.sha256()
    for name, version in sorted(versions.items()):
        whole.update(f"{name} {version}\n".encode())
    for file in sorted(_files(folder)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()[:32]


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not _is_elsewhere(Path(place) / each)]
        for name in names:
            file = Path(place) / name
            if file.suffix in _KINDS and file.is_file() and file.stat().st_size <= _LARGEST:
                yield file


def _is_elsewhere(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _ELSEWHERE or (folder / "pyvenv.cfg").is_file()
