"""``crashproof doctor``: what a run needs, what of it is here, and the fix for what is not."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from harness.cli import engine
from harness.cli.output import say
from harness.errors import RigError, UsageError
from harness.servers.binaries import Binary, SearchStep, chosen, survey
from harness.servers.engine import engine_with, engines

OPEN_FILES = 4096
PROCESSES = 1024
DISK_BYTES = 2 * 10**9

_HELP = "The Temporal CLI that a run would be given."


@dataclass(frozen=True, kw_only=True)
class Look:
    """One thing that ``crashproof doctor`` looked at: its state, and what to do about it.

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


@dataclass(frozen=True, kw_only=True)
class EngineBinary:
    """The server binary that an engine would run on, or what to do to get one.

    Attributes:
        engine: Name of the engine.
        title: What its binary is called.
        binary: The one that a run would take, or None.
        steps: Where it was looked for, in order.
        advice: What to do before it can be used, or an empty text.
        cannot: Why no scenario that lets time pass can run on it, or an empty text.
    """

    engine: str
    title: str
    binary: Binary | None
    steps: list[SearchStep]
    advice: str
    cannot: str


@click.command()
@engine.binaries(lambda each: _HELP if each.name == "dev" else f"The same for the engine `{each.name}`.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
def doctor(output: str, **given: str) -> int:
    """Say what a run needs, what of it is here, and the fix for what is not.

    Nothing is downloaded or changed. Leaves with exit status 0 when a run with the default engine is possible, else 3.

    \b
    Example:
      crashproof doctor
      crashproof doctor -o json | jq .ready
    """  # noqa: D301 - click reads the escape
    dev, *others = asyncio.run(_engines(given))
    looks = [_python(), *_packages(), *_limits(), _debug(), _orphans(), _disk(), _port()]
    ready = dev.binary is not None and all(look.ok for look in looks if look.needed)
    if output == "json":
        click.echo(json.dumps(_as_json(dev, others, looks, ready), indent=2))
    else:
        say(_as_text(dev, others, looks, ready))
    return 0 if ready else 3


async def _engines(given: dict[str, str]) -> list[EngineBinary]:
    listed = []
    for each in engines().values():
        steps = await survey(each.binary, option=engine.named(each, given))
        binary = _chosen(steps)
        listed.append(
            EngineBinary(
                engine=each.name,
                title=each.binary.title,
                binary=binary,
                steps=steps,
                advice="" if binary else _advice(steps),
                cannot=engine_with(each.name, version=binary.version).lacks("time skipping") if binary else "",
            )
        )
    return listed


def _chosen(steps: list[SearchStep]) -> Binary | None:
    with suppress(UsageError):  # what was named does not work: shown with its step
        return chosen(steps)
    return None


def _advice(steps: list[SearchStep]) -> str:
    """Return what to do about an engine that has no binary."""
    from harness.servers.packages import REMEDY

    for step in steps:
        if step.named and step.fix:
            return f"{step.detail}; {step.fix}"
    download = steps[-1]
    return f"{REMEDY}; or {download.fix}" if download.fix else f"{REMEDY}, else the first run downloads it"


def _python() -> Look:
    return Look(name="Python", value=f"{platform.python_version()} ({sys.executable})")


def _packages() -> list[Look]:
    return [_package("crashproof"), _sdk(), _package("grpcio")]


def _sdk() -> Look:
    from harness.temporal.sdk import require_sdk

    look = _package("temporalio", title="Temporal SDK (temporalio)")
    try:
        require_sdk()
    except UsageError as error:
        return replace(look, advice=str(error))
    return look


def _package(name: str, *, title: str = "") -> Look:
    try:
        return Look(name=title or name, value=metadata.version(name), needed=True)
    except metadata.PackageNotFoundError:
        return Look(name=title or name, value="not installed", advice=f"run `pip install {name}`", needed=True)


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


_KEPT = "dies with them, daemons in sessions of their own too, unless a worker kills its keeper, the process above it"


def _orphans() -> Look:
    from harness.processes.tie import holds_orphans

    name = "what workers start"
    if holds_orphans():
        return Look(name=name, value=_KEPT)
    advice = "torture workers that start daemons on Linux: here they can outlive a strike and the run"
    return Look(name=name, value="dies with them as long as it stays in their process group", advice=advice)


def _disk() -> Look:
    free = shutil.disk_usage(Path.cwd()).free
    advice = f"make room: a run can need {DISK_BYTES / 1e9:.0f} GB for evidence" if free < DISK_BYTES else ""
    return Look(name="free disk here", value=f"{free / 1e9:.1f} GB", advice=advice)


def _port() -> Look:
    from harness.processes.ports import IP, free_port

    try:
        return Look(name="free port", value=f"{IP}:{free_port()}", needed=True)
    except RigError as error:
        return Look(name="free port", value="none", advice=str(error), needed=True)


def _as_json(dev: EngineBinary, others: list[EngineBinary], looks: list[Look], ready: bool) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "ready": ready,
        "exit_code": 0 if ready else 3,
        "temporal": _binary_as_json(dev),
        "steps": _steps_as_json(dev),
        "engines": {
            engine.engine: {
                "ready": not engine.advice,
                "skips_time": engine.binary is not None and not engine.cannot,
                "binary": _binary_as_json(engine),
                "steps": _steps_as_json(engine),
                "advice": engine.advice or engine.cannot,
            }
            for engine in (dev, *others)
        },
        "looks": [{**asdict(look), "ok": look.ok} for look in looks],
    }


def _binary_as_json(engine: EngineBinary) -> dict[str, Any] | None:
    return engine.binary.as_json() if engine.binary else None


def _steps_as_json(engine: EngineBinary) -> list[dict[str, Any]]:
    return [
        {"source": step.source, "found": step.binary is not None, "detail": step.detail, "fix": step.fix}
        for step in engine.steps
    ]


def _as_text(dev: EngineBinary, others: list[EngineBinary], looks: list[Look], ready: bool) -> str:
    lines = ["Temporal CLI, for the engine `dev`", *_engine_lines(dev)]
    lines += ["", "Where it was looked for, in this order", *_step_lines(dev)]
    for other in others:
        title = other.title.removeprefix("the ")
        lines += ["", f"{title[0].upper()}{title[1:]}, for the engine `{other.engine}`", *_engine_lines(other)]
    lines += ["", "This machine"]
    for look in looks:
        lines.append(f"  {'ok ' if look.ok else '!  '} {look.name}: {look.value}")
        if look.advice:
            lines.append(f"        fix: {look.advice}")
    return "\n".join([*lines, "", "A run is possible." if ready else "No run is possible yet."])


def _engine_lines(engine: EngineBinary) -> list[str]:
    """Return which binary an engine would run on, and what came with it."""
    binary = engine.binary
    if binary is None:
        return ["  none yet", f"    fix: {engine.advice}"]
    lines = [
        f"  {binary.path}",
        f"  {binary.version}",
        f"  sha256 {binary.sha256}",
        f"  found by: {binary.source}",
        *([f"  package: {binary.package}"] if binary.package else []),
    ]
    return [*lines, f"  skips time: no: {engine.cannot}" if engine.cannot else "  skips time: yes"]


def _step_lines(engine: EngineBinary) -> list[str]:
    lines = []
    for step in engine.steps:
        lines.append(f"  {'ok ' if step.binary else '-  '} {step.source}: {step.detail}")
        if step.fix and (step.named or not engine.binary):
            lines.append(f"        fix: {step.fix}")
    return lines
