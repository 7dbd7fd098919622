"""The record of a run, ``run.json``: what was run, with what, and what it came to so far."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from harness.records.sweep_result import SweepResult
from harness.records.withheld import command_without_secrets


@dataclass(frozen=True, kw_only=True)
class DeclaredScenario:
    """Where a scenario of the run was declared, so that it can be had again.

    Attributes:
        name: Its name in the run.
        variable: Variable of its file that holds it.
        file: Its file; empty for one given by options alone.
        worker: Command line of its worker.
        options: The options that gave it, where there is no file.
        checks: Names of its checks.
        faults: Names of its faults, where they are not those of its declaration.
    """

    name: str
    variable: str = ""
    file: str = ""
    worker: str = ""
    options: dict[str, Any] | None = None
    checks: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The record of a run, as ``run.json`` holds it: what was asked for, and the results so far.

    Attributes:
        command: The command line; values of ``--env`` that may be secret are withheld.
        cwd: Folder it was given in.
        started: When, in seconds since the epoch.
        finished: When it was complete; 0 while it is not.
        scenarios: Its scenarios.
        options: Its options, as in ``harness.records.options.SweepOptions``.
        server: Version, path and sha256 of the server binary.
        versions: Versions of Python and of the packages that matter.
        machine: Processor count, system.
        revision: What git calls the code in the current folder; empty where there is no repository.
        sweeps: What each finished scenario came to.
    """

    command: tuple[str, ...]
    cwd: str
    started: float
    scenarios: tuple[DeclaredScenario, ...]
    options: dict[str, Any] = field(default_factory=dict)
    server: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    revision: str = ""
    finished: float = 0.0
    sweeps: tuple[SweepResult, ...] = ()


def begin(*, scenarios: tuple[DeclaredScenario, ...], options: dict[str, Any], server: dict[str, str]) -> RunRecord:
    """Return the record of a run that begins now."""
    return RunRecord(
        command=("crashproof", *command_without_secrets(sys.argv[1:])),
        cwd=os.getcwd(),
        started=time.time(),
        scenarios=scenarios,
        options=options,
        server=server,
        versions=versions(),
        machine={"processors": os.cpu_count(), "system": platform.platform()},
        revision=_revision(),
    )


def _revision() -> str:
    """Return what git calls the code in the current folder: its newest tag and commit, ``-dirty`` where it differs."""
    command = ("git", "--no-optional-locks", "describe", "--always", "--dirty", "--tags")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter here."""
    installed = {"python": platform.python_version()}
    for name in ("crashproof", "temporalio", "grpcio", "openai", "anthropic"):
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed
