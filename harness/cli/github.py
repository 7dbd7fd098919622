"""What GitHub shows of a command that runs in one of its jobs: annotations, and the page of the job.

Annotations go to standard error, which GitHub reads as well: standard output stays what the command prints anywhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError
from harness.records.store import load_run
from harness.report.files import declared_places, shown_path
from harness.report.finding import Report
from harness.report.github import github
from harness.report.phrases import reproducing
from harness.report.summary import summary
from harness.report.sweep.source import sweep_report

if TYPE_CHECKING:
    from harness.app.run import RunResult

MOST = 1_000_000
"""Bytes that the page of a step may have; GitHub drops one that has more than 1 MiB."""


def tell_github(report: Report, page: str) -> None:
    """Annotate findings and add to the job's page, where this is a job of GitHub Actions; else do nothing.

    Args:
        report: What the command came to.
        page: The same as Markdown.

    Raises:
        UsageError: The file that GitHub names for the page cannot be written to.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    click.echo(github(report, folder=in_workspace()), err=True)
    if place := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(place).open("ab") as file:
                file.write(page.encode(errors="replace")[:MOST] + b"\n")
        except OSError as error:
            raise UsageError(f"GITHUB_STEP_SUMMARY names {place}, which cannot be written: {error.strerror}") from error


def show_on_github(result: RunResult) -> None:
    """Annotate the findings of a run at the lines that declare its scenarios, and add it to the job's page."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    place = shown_path(result.folder)
    declared = load_run(result.folder).scenarios
    report = sweep_report(result.sweeps, folder=place, places=declared_places(declared), reproduce=reproducing(place))
    tell_github(report, summary(result.sweeps, folder=place, reproduce=reproducing(place)))


def in_workspace() -> str:
    """Return the working directory from the top of GitHub's checkout on; empty elsewhere."""
    top = os.environ.get("GITHUB_WORKSPACE", "")
    here = Path.cwd()
    return here.relative_to(top).as_posix() if top and here.is_relative_to(top) else ""
