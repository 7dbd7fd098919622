"""The last way to get a server binary where none is: the download that the Temporal SDK makes."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RigError
from harness.processes.process import Process

Progress = Callable[[str], None]
"""Is given one line every few seconds while something takes long."""

NO_DOWNLOAD = "CRASHPROOF_NO_DOWNLOAD"
"""Environment variable that, set to anything but 0, keeps crashproof from downloading."""

PYTHON = sys.executable
PROGRESS_SECONDS = 5.0
DOWNLOAD_STALL_SECONDS = 60.0
DOWNLOAD_SECONDS = 900.0

_DOWNLOADING = """
import asyncio, os, sys
from temporalio.testing import WorkflowEnvironment
try:
    asyncio.run(getattr(WorkflowEnvironment, sys.argv[1])(download_dest_dir=sys.argv[2]))
except Exception as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(1)
"""
"""The program that downloads.

It leaves without Python's tidying up, in which the SDK's threads may crash: then the last words of its log would be of
that and not of why nothing could be downloaded.
"""


@dataclass(frozen=True, kw_only=True)
class Installer:
    """A way to get a server binary.

    Attributes:
        source: What it is called in messages.
        missing: Says why it cannot be tried here, or returns an empty text.
        install: Puts the binary into the folder and returns its path, or raises ``RigError``.
        fix: What the user can do to make it work.
    """

    source: str
    missing: Callable[[], str]
    install: Callable[[Path, Progress], Awaitable[Path]]
    fix: str


async def follow(
    process: Process,
    *,
    limit: float,
    tick: Callable[[float], None] = lambda elapsed: None,
    stalled: Callable[[], bool] = lambda: False,
) -> int | None:
    """Wait for the end of a process, then make sure that nothing of it is left.

    Args:
        process: The process.
        limit: Seconds after which it is killed.
        tick: Called with the seconds so far, every few seconds.
        stalled: Asked as often; the process is killed when it says so.

    Returns:
        The exit status, or None if the process was killed.
    """
    began = time.monotonic()
    try:
        while (elapsed := time.monotonic() - began) < limit and not stalled():
            try:
                async with asyncio.timeout(min(PROGRESS_SECONDS, limit - elapsed)):
                    return await process.wait()
            except TimeoutError:
                tick(time.monotonic() - began)
        return None
    finally:
        await process.kill()


def sdk_download(*, name: str, title: str, start: str = "start_local") -> Installer:
    """Return the installer that lets the Temporal SDK download a server, which it does before it starts one.

    The download runs in a process of its own: it has no time limit of its own and cannot be cancelled.

    Args:
        name: Name of the file wanted.
        title: What it is called in progress lines.
        start: Method of the SDK's ``WorkflowEnvironment`` that starts such a server.
    """

    async def install(folder: Path, progress: Progress) -> Path:
        arrived = folder / "download"
        arrived.mkdir()
        growth = _Growth(arrived)
        process = await Process.start([PYTHON, "-c", _DOWNLOADING, start, str(arrived)], name="download", logs=folder)
        line = f"downloading {title} through the Temporal SDK"
        progress(line)
        await follow(
            process,
            limit=DOWNLOAD_SECONDS,
            tick=lambda elapsed: progress(f"{line}: {elapsed:.0f} s, {growth.size() / 1e6:.0f} MB"),
            stalled=growth.stalled,
        )
        # Whether the server then started does not matter: the file is checked by who asked for it.
        files = sorted((file for file in arrived.iterdir() if os.access(file, os.X_OK)), key=lambda file: file.name)
        if not files:
            raise RigError("the download failed", log=process.log_tail(3))
        return files[0].rename(folder / name)

    def missing() -> str:
        return f"switched off by {NO_DOWNLOAD}" if os.environ.get(NO_DOWNLOAD, "0") not in ("", "0") else ""

    fix = f"let this machine reach temporal.download, and have {NO_DOWNLOAD} unset"
    return Installer(source="download by the Temporal SDK", missing=missing, install=install, fix=fix)


class _Growth:
    """The size of what is in a folder, and since when it has not grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = 0
        self._since = time.monotonic()

    def size(self) -> int:
        with suppress(OSError):  # renamed between the listing and the look
            return sum(file.stat().st_size for file in self._folder.iterdir())
        return self._size

    def stalled(self) -> bool:
        size = self.size()
        if size != self._size:
            self._size, self._since = size, time.monotonic()
        return time.monotonic() - self._since > DOWNLOAD_STALL_SECONDS
