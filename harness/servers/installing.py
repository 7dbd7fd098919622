"""The ways to get a server binary where none is: the download of the Temporal SDK, the Go tool chain, and Maven."""

from __future__ import annotations

import asyncio
import os
import shutil
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
BUILD_SECONDS = 1800.0


@dataclass(frozen=True, kw_only=True)
class Installer:
    """One way to get a binary.

    Attributes:
        source: What it is called in messages.
        missing: Says why it cannot be tried here, or returns an empty text.
        install: Puts the binary into the folder and returns its path, or raises ``RigError``.
        fix: What the user can do to make it work.
        beside: Names of what else it puts into the folder and the program cannot do without.
    """

    source: str
    missing: Callable[[], str]
    install: Callable[[Path, Progress], Awaitable[Path]]
    fix: str
    beside: tuple[str, ...] = ()


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
        code = (
            "import asyncio, sys; from temporalio.testing import WorkflowEnvironment as Environment; "
            f"asyncio.run(Environment.{start}(download_dest_dir=sys.argv[1]))"
        )
        arrived = folder / "download"
        arrived.mkdir()
        growth = _Growth(arrived)
        process = await Process.start([PYTHON, "-c", code, str(arrived)], name="download", logs=folder)
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


def go_install(package: str, *, version: str, name: str) -> Installer:
    """Return the installer that builds a program with ``go install``.

    Args:
        package: Go package of the program.
        version: Version, as ``v1.5.1``.
        name: Name of the file that the package makes.
    """

    async def install(folder: Path, progress: Progress) -> Path:
        environment = {**os.environ, "GOBIN": str(folder)}
        command = ["go", "install", f"{package}@{version}"]
        process = await Process.start(command, name="go", logs=folder, env=environment, cwd=folder)
        line = f"building {name} {version} with go (2 to 5 minutes, once)"
        progress(line)
        status = await follow(process, limit=BUILD_SECONDS, tick=lambda elapsed: progress(f"{line}: {elapsed:.0f} s"))
        if status is None:
            raise RigError(f"`{' '.join(command)}` was not done after {BUILD_SECONDS:.0f} s", log=process.log_tail(5))
        if status != 0 or not (folder / name).is_file():
            raise RigError(f"`{' '.join(command)}` failed with exit status {status}", log=process.log_tail(5))
        return folder / name

    def missing() -> str:
        return "" if shutil.which("go") else "no go on PATH"

    fix = "install Go from https://go.dev/dl, have `go` on PATH, and let it reach a Go module proxy"
    return Installer(source=f"go install {package}@{version}", missing=missing, install=install, fix=fix)


def maven(coordinates: str, *, main: str, name: str) -> Installer:
    """Return the installer that puts a Java program together: its libraries through Maven, and a script to start it.

    Java is looked for when the program is started, so one that is updated or moved does no harm.

    Args:
        coordinates: Group, artifact and version, as ``io.temporal:temporal-test-server:1.32.1``.
        main: The class that is started.
        name: Name of the script.
    """
    group, artifact, version = coordinates.split(":")

    async def install(folder: Path, progress: Progress) -> Path:
        (folder / "pom.xml").write_text(_POM.format(group=group, artifact=artifact, version=version))
        command = ["mvn", "--batch-mode", "--quiet", "-f", str(folder / "pom.xml")]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder / LIBRARIES}"]
        process = await Process.start(command, name="maven", logs=folder, cwd=folder)
        line = f"putting {artifact} {version} together with Maven (10 to 60 s, once)"
        progress(line)
        status = await follow(process, limit=BUILD_SECONDS, tick=lambda elapsed: progress(f"{line}: {elapsed:.0f} s"))
        if status is None:
            raise RigError(f"Maven was not done after {BUILD_SECONDS:.0f} s", log=process.log_tail(5))
        if status != 0 or not any((folder / LIBRARIES).glob(f"{artifact}-*.jar")):
            raise RigError(f"Maven failed with exit status {status}", log=process.log_tail(5))
        script = folder / name
        script.write_text(_SCRIPT.format(artifact=artifact, version=version, main=main, libraries=LIBRARIES))
        script.chmod(0o755)
        return script

    def missing() -> str:
        absent = [program for program in ("mvn", "java") if not shutil.which(program)]
        return f"no {' and no '.join(absent)} on PATH" if absent else ""

    fix = "install a JDK (11 or newer) and Maven, have `java` and `mvn` on PATH, and let Maven reach its repository"
    return Installer(source=f"Maven {coordinates}", missing=missing, install=install, fix=fix, beside=(LIBRARIES,))


LIBRARIES = "lib"
"""Folder of the libraries of a Java program, beside its script."""

_POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>crashproof</groupId>
  <artifactId>{artifact}-here</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""

_SCRIPT = """#!/bin/sh
# Starts {artifact} {version} with the Java that is found now; without arguments it says what it is.
here=$(dirname "$(readlink -f "$0")")
java=java
[ -n "$JAVA_HOME" ] && [ -x "$JAVA_HOME/bin/java" ] && java=$JAVA_HOME/bin/java
command -v "$java" > /dev/null || {{
  echo "java was not found: {artifact} is a Java program; install a Java runtime (11 or newer), or set JAVA_HOME" >&2
  exit 127
}}
[ $# -eq 0 ] && echo "{artifact} {version}"
exec "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/{libraries}/*" {main} "$@"
"""


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
