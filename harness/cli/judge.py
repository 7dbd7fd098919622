"""``crashproof judge``: judge stored evidence again, with the checks of today and without any server."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import FAIL_ON, FORMAT, RunFolder, show, tell
from harness.records.store import RUNS
from harness.records.verdict import Severity

_EPILOG = """\b
Examples:
  crashproof judge .crashproof/runs/latest
  crashproof judge --fail-on risky
  crashproof judge .crashproof/explorations/latest
Exit status: 0 pass, 1 finding that fails, 2 usage, 3 unknown.
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=RunFolder(), default=RUNS / "latest")
@FAIL_ON
@FORMAT
def judge(folder: Path, form: str, fail_on: str | None) -> int:
    """Judge the evidence of a run again, and write its report anew. No server and no worker is started.

    What fails is what failed in the run, unless --fail-on says otherwise.
    """
    from harness.app.explore import RECORD, judge_explorations
    from harness.app.judge import judge as judge_again  # these take their time, and --help needs none
    from harness.cli.explore import show_explored

    if (folder / RECORD).is_file():
        return show_explored(judge_explorations(folder), form=form)
    least = Severity(fail_on) if fail_on else None
    result = judge_again(folder, tell=tell, fail_on=least)
    return show(result, form=form)
