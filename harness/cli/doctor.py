"""``crashproof doctor``: what a run needs, what of it is here, and the fix for what is not."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import RigError, UsageError

if TYPE_CHECKING:
    from harness.rig.binaries import Binary, Step

OPEN_FILES = 4096
PROCESSES = 1024
DISK_BYTES = 2 * 10**9


@dataclass(frozen=True, kw_only=True)
class Look:
    """One thing that was looked at.

    Attributes:
        name: The thing.
        value: What was seen.
        advice: What to do about it, or an empty text if it is well.
        needed: Whether no run is possible unless it is well.
    """

    name: str
    value: str
    advice: str = ""
    needed: bool = False

    @property
    def ok(self) -> bool:
        """Whether it is well."""
        return not self.advice


@click.command()
@click.option("--temporal", default="", metavar="PATH", help="The Temporal CLI that a run would be given.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
def doctor(temporal: str, output: str) -> None:
    """Say what a run needs, what of it is here, and the fix for what is not.

    Nothing is downloaded or changed. Leaves with exit status 0 when a run is possible, else 3.

    \b
    Example:
      crashproof doctor
      crashproof doctor -o json | jq .ready
    """  # noqa: D301 - click reads the escape
    from harness.rig.binaries import chosen, survey

    steps = asyncio.run(survey(option=temporal))
    binary = None
    with suppress(UsageError):  # what was named does not work: shown with its step
        binary = chosen(steps)
    looks = [_python(), *_packages(), *_programs(), *_limits(), _debug(), _disk(), _port()]
    ready = binary is not None and all(look.ok for look in looks if look.needed)
    if output == "json":
        click.echo(json.dumps(_as_json(binary, steps, looks, ready), indent=2))
    else:
        click.echo(_as_text(binary, steps, looks, ready))
    sys.exit(0 if ready else 3)


def _python() -> Look:
    return Look(name="Python", value=f"{platform.python_version()} ({sys.executable})")


def _packages() -> list[Look]:
    return [_package("crashproof"), _package("temporalio", title="Temporal SDK (temporalio)"), _package("grpcio")]


def _package(name: str, *, title: str = "") -> Look:
    try:
        return Look(name=title or name, value=metadata.version(name), needed=True)
    except metadata.PackageNotFoundError:
        return Look(name=title or name, value="not installed", advice=f"run `pip install {name}`", needed=True)


def _programs() -> list[Look]:
    """Look for what can build a server; a run that has one needs neither."""
    return [Look(name=name, value=shutil.which(name) or "not found") for name in ("go", "java")]


def _limits() -> list[Look]:
    try:
        import resource
    except ImportError:  # not a Unix
        return []
    return [
        _limit("open files", resource.getrlimit(resource.RLIMIT_NOFILE)[0], low=OPEN_FILES, command="ulimit -n"),
        _limit("processes", resource.getrlimit(resource.RLIMIT_NPROC)[0], low=PROCESSES, command="ulimit -u"),
    ]


def _limit(name: str, limit: int, *, low: int, command: str) -> Look:
    if limit < 0:
        return Look(name=f"limit of {name}", value="none")
    advice = f"raise it before a run with many jobs: `{command} {low}`" if limit < low else ""
    return Look(name=f"limit of {name}", value=str(limit), advice=advice)


def _debug() -> Look:
    value = os.environ.get("TEMPORAL_DEBUG")
    if value is None:
        return Look(name="TEMPORAL_DEBUG", value="not set")
    advice = "unset it: it turns deadlock detection off; worker processes are started without it"
    return Look(name="TEMPORAL_DEBUG", value=value, advice=advice)


def _disk() -> Look:
    free = shutil.disk_usage(Path.cwd()).free
    advice = f"make room: a run can need {DISK_BYTES / 1e9:.0f} GB for evidence" if free < DISK_BYTES else ""
    return Look(name="free disk here", value=f"{free / 1e9:.1f} GB", advice=advice)


def _port() -> Look:
    from harness.rig.ports import IP, free_port

    try:
        return Look(name="free port", value=f"{IP}:{free_port()}", needed=True)
    except RigError as error:
        return Look(name="free port", value="none", advice=str(error), needed=True)


def _as_json(binary: Binary | None, steps: list[Step], looks: list[Look], ready: bool) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "ready": ready,
        "exit_code": 0 if ready else 3,
        "temporal": {**asdict(binary), "path": str(binary.path)} if binary else None,
        "steps": [
            {"source": step.source, "found": step.binary is not None, "detail": step.detail, "fix": step.fix}
            for step in steps
        ],
        "looks": [{**asdict(look), "ok": look.ok} for look in looks],
    }


def _as_text(binary: Binary | None, steps: list[Step], looks: list[Look], ready: bool) -> str:
    lines = ["Temporal CLI"]
    if binary:
        lines += [
            f"  {binary.path}",
            f"  {binary.version}",
            f"  sha256 {binary.sha256}",
            f"  found by: {binary.source}",
        ]
    else:
        lines.append("  none yet: `crashproof server install` gets one")
    lines += ["", "Where it was looked for, in this order"]
    for step in steps:
        lines.append(f"  {'ok ' if step.binary else '-  '} {step.source}: {step.detail}")
        if step.fix and not (binary and not step.named):
            lines.append(f"        fix: {step.fix}")
    lines += ["", "This machine"]
    for look in looks:
        lines.append(f"  {'ok ' if look.ok else '!  '} {look.name}: {look.value}")
        if look.advice:
            lines.append(f"        fix: {look.advice}")
    return "\n".join([*lines, "", "A run is possible." if ready else "No run is possible yet."])
