"""``crashproof init``: scenarios, tests and CI for a project, from what its code says."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import say

_EPILOG = """\b
Examples:
  crashproof init --dry-run    # what was understood, and what would be written
  crashproof init && crashproof run scenarios/
"""


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--campaign", is_flag=True, help="Write an image and a Kubernetes deployment for `campaign`, too.")
@click.option(
    "--templates/--no-templates",
    default=True,
    show_default=True,
    help="Write a worker and an OpenAI agent to copy from, too, beside those that are there.",
)
def init(dry_run: bool, campaign: bool, templates: bool) -> int:
    """Write scenarios, tests, nox sessions and a CI workflow for the project in this folder.

    Its code is read, never run: workers, task queues, workflows with the types of their inputs, fixed addresses. A
    file that exists is never written over.
    """
    from harness.app.init import read_project, write  # it takes its time, and --help does not need it

    reading = read_project(Path.cwd(), campaign=campaign, templates=templates)
    for line in reading.said:
        say(line)
    if not dry_run:
        write(reading, Path.cwd())
    for file in reading.files:
        what = "is there already" if file.exists else "would be written" if dry_run else "written"
        say(f"  {what:<17} {file.path}")
    if not dry_run and any(file.path.parent.name == "scenarios" for file in reading.files):
        say("Now: crashproof run scenarios/")
    return 0
