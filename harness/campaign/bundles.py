"""Bundles: the evidence of one trial as one compressed file, the same bytes wherever the same evidence is packed."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from harness.errors import RigError
from harness.records.store import under_load

_TRIALS, _UNDER_LOAD = "trials", "under-load"


def packed(trial: Path) -> bytes:
    """Return the evidence of a trial, with that of its repetition in quiet where there is one.

    Args:
        trial: Folder of the trial in its run.
    """
    return packed_folders({f"{_TRIALS}/{trial.name}": trial, f"{_UNDER_LOAD}/{trial.name}": under_load(trial)})


def packed_folders(folders: Mapping[str, Path]) -> bytes:
    """Return what is in folders, each under its name; one that is not there is left out."""
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb", mtime=0) as whole, tarfile.open(fileobj=whole, mode="w") as tar:
        for name, folder in folders.items():
            for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if file.is_file() and not file.is_symlink():
                    _add(tar, file, name=f"{name}/{file.relative_to(folder)}")
    return content.getvalue()


def unpack(bundle: bytes, *, into: Path) -> None:
    """Write the evidence of a trial into the folder of a run.

    Raises:
        RigError: It is no bundle, or names files elsewhere.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(bundle))) as tar:
            tar.extractall(into, filter="data")
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RigError(f"a bundle of evidence cannot be read: {error}") from error


def _add(tar: tarfile.TarFile, file: Path, *, name: str) -> None:
    content = file.read_bytes()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))
