"""Where the scenarios of a run come from, kept so that a later command has the same ones again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import checks
from harness.app.ad_hoc import ad_hoc_scenario
from harness.app.loading import load
from harness.errors import UsageError
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.scenario import Scenario
from harness.records.verdict import Severity
from harness.records.withheld import pair_with_secret, pair_without_secret

KEPT = ("real_time", "only", "workflows", "cold", "next", "faults", "engine", "fail_on", "once_each", "pairs")
"""Options that the trials of a run depend on: its record keeps them."""


def judged_by(scenario: Scenario, *, only: Sequence[str], skipped: Sequence[str]) -> Scenario:
    """Return a scenario that is judged by the checks named, where any is, and not by those skipped."""
    return replace(scenario, checks=tuple(only) or scenario.checks, skip_checks=(*scenario.skip_checks, *skipped))


def declaration(
    scenario: Scenario, *, options: Mapping[str, Any] | None = None, variable: str | None = None
) -> DeclaredScenario:
    """Return where a scenario was declared, and the names of the checks that judge it.

    Args:
        scenario: The scenario.
        options: The options that describe it, where it is an ad hoc scenario.
        variable: Variable of its file that holds it; None where its name says so.

    Raises:
        UsageError: It names a check that does not exist.
    """
    chosen = checks.chosen(scenario.checks, skip=scenario.skip_checks, also=scenario.expects.checks)
    return DeclaredScenario(
        name=scenario.name,
        variable=scenario.name.rpartition(".")[2] if variable is None else variable,
        file=scenario.file,
        worker=scenario.worker,
        options=None if options is None else _kept(options),
        checks=tuple(each.name for each in chosen),
    )


def declared_scenario(declared: DeclaredScenario) -> Scenario:
    """Return one scenario of an earlier run.

    Raises:
        UsageError: Its file is gone or declares it no more, or a value that is not kept is not given again.
    """
    if declared.options is not None:
        known = ad_hoc_scenario(_given(declared.options))
    else:
        known = replace(load([f"{declared.file}::{declared.variable}"])[0], skip_checks=())
    return replace(known, name=declared.name, checks=declared.checks, faults=declared.faults or known.faults)


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an ad hoc scenario as a record keeps them."""
    return {**options, "env": [pair_without_secret(pair) for pair in options.get("env", ())]}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an ad hoc scenario as they were given, secrets included."""
    return {**options, "env": [pair_with_secret(pair) for pair in options.get("env", ())]}


def go_to(record: RunRecord) -> None:
    """Go to the folder in which an earlier run was given: its worker commands and files are relative to it.

    Raises:
        UsageError: The folder is gone.
    """
    if not Path(record.cwd).is_dir():
        raise UsageError(f"the run was given in {record.cwd}, which is gone")
    os.chdir(record.cwd)


def kept_options(record: RunRecord) -> SweepOptions:
    """Return those options of an earlier run that its trials depend on; the others are as if none was given."""
    options = record.options
    return SweepOptions(
        real_time=options.get("real_time", False),
        only=tuple(options.get("only", ())),
        workflows=tuple(options.get("workflows", ())),
        cold=options.get("cold", False),
        next=options.get("next", ""),
        faults=tuple(options.get("faults", ())),
        engine=options.get("engine", "dev"),
        fail_on=Severity(options.get("fail_on", Severity.BROKEN)),
        once_each=options.get("once_each", False),
        pairs=options.get("pairs", 0),
    )
