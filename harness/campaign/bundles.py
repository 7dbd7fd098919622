"""Bundles: the evidence of one trial as one compressed file, the same bytes wherever the same evidence is packed."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path

from harness.errors import RigError
from harness.records.store import under_load

_TRIALS, _UNDER_LOAD = "trials", "under-load"


def packed(trial: Path) -> bytes:
    """Return the evidence of a trial, with that of its repetition in quiet where there is one.

    Args:
        trial: Folder of the trial in its run.
    """
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb", mtime=0) as whole, tarfile.open(fileobj=whole, mode="w") as tar:
        for folder, name in ((trial, _TRIALS), (under_load(trial), _UNDER_LOAD)):
            for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if file.is_file() and not file.is_symlink():
                    _add(tar, file, name=f"{name}/{trial.name}/{file.relative_to(folder)}")
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
