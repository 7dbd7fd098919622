"""The code under test, as one digest: machines of a campaign that do not have the same would judge different things."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from harness.campaign.places import ASKED, CAMPAIGNS

_KINDS = frozenset({".py", ".json", ".toml", ".yaml", ".yml", ".go", ".ts", ".js", ".java", ".rb", ".cs", ".php"})
_ELSEWHERE = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})
_LARGEST = 4 * 1024 * 1024  # bytes: larger files are data, and not code


def code_digest(folder: Path, *, versions: Mapping[str, str]) -> str:
    """Return a digest of the code in a folder and of the versions that run it.

    Files of programs and of their configuration count, by their path and content; hidden folders, environments, what is
    built, and what campaigns keep in a store do not.

    Args:
        folder: The folder in which the worker's command is given.
        versions: Versions of what runs the code: crashproof, the SDK, the server.
    """
    return _digest(folder, kinds=_KINDS, versions=versions)


def python_digest(folder: Path) -> str:
    """Return a digest of the Python code in a folder alone, whatever runs it and whatever lies beside it."""
    return _digest(folder, kinds=frozenset({".py"}), versions={})


def _digest(folder: Path, *, kinds: Container[str], versions: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for name, version in sorted(versions.items()):
        whole.update(f"{name} {version}\n".encode())
    for file in sorted(_files(folder, kinds)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()[:32]


def _files(folder: Path, kinds: Container[str]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not _is_elsewhere(Path(place) / each)]
        for name in names:
            file = Path(place) / name
            if file.suffix in kinds and file.is_file() and file.stat().st_size <= _LARGEST:
                yield file


def _is_elsewhere(folder: Path) -> bool:
    kept = folder.name == CAMPAIGNS and any(folder.glob(f"*/{ASKED}"))  # a store beside the code, which grows
    return folder.name.startswith(".") or folder.name in _ELSEWHERE or kept or (folder / "pyvenv.cfg").is_file()
