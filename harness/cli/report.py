"""``crashproof report``: the report of a run that is over, and what is new in it."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import FORMAT, REPORT_DIR, RunFolder, say, show, tell
from harness.records.store import RUNS

_EPILOG = """\b
Examples:
  crashproof report
  crashproof report .crashproof/runs/latest --compare main-run/ -o json
  crashproof report --report-dir artifacts/
Exit status: that of the run: 0 pass, 1 finding that fails, 2 usage, 3 unknown.
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=RunFolder(), default=RUNS / "latest", metavar="[RUN]")
@click.option(
    "--compare",
    "earlier",
    type=RunFolder(),
    metavar="RUN",
    help="Say which findings are new beside this earlier run, which are mended, and which are there still.",
)
@REPORT_DIR
@FORMAT
def report(folder: Path, earlier: Path | None, report_dir: Path | None, form: str) -> int:
    """Show the report of a run again, as it was judged then; nothing is started.

    `crashproof judge` judges the evidence anew.
    """
    from harness.app.report import reported, write_reports  # it takes its time, and --help does not need it

    result = reported(folder, tell=tell)
    before = reported(earlier, tell=tell) if earlier else None
    status = show(result, form=form, earlier=before)
    if report_dir:
        write_reports(folder, to=report_dir)
        say(f"crashproof: the reports are in {report_dir}", err=True)
    return status
