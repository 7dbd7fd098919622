"""``crashproof scrub``: a copy of a run's evidence to show to others."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import FORMAT, RunFolder, show, tell
from harness.records.store import RUNS

_EPILOG = """\b
Examples:
  crashproof scrub --out for-the-issue/
  crashproof scrub .crashproof/runs/latest --out for-the-issue/
Exit status: that of the run: 0 pass, 1 finding that fails, 2 usage, 3 unknown.
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=RunFolder(), default=RUNS / "latest", metavar="[RUN]")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="Folder of the copy, which is made."
)
@FORMAT
def scrub(folder: Path, out: Path, form: str) -> int:
    """Copy the evidence of a run without what users wrote, and show the report of the copy.

    Arguments, results, bodies and messages give way to stand-ins of the same shape, equal values to equal ones; logs
    and databases are left out. Names and ids stay [CRASHPROOF_SCRUB_KEY].
    """
    from harness.app.scrub import scrub_run  # it takes its time, and --help does not need it

    return show(scrub_run(folder, to=out, tell=tell), form=form, scrubbed=True)
