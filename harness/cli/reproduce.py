"""``crashproof reproduce``: run one trial of an earlier run again, and say whether it shows the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import engine
from harness.cli.explore import show_explored
from harness.cli.output import FORMAT, RunFolder, show
from harness.records.store import RUNS

_EPILOG = """\b
Example: crashproof reproduce 9f3a2c
"""


@click.command(epilog=_EPILOG)
@click.argument("trial", metavar="ID")
@click.option("--run", "run_folder", type=RunFolder(), help="Evidence folder; by default the newest that has it.")
@click.option("--keep", "keep_rig", is_flag=True, help="Keep the server's database and logs with the evidence.")
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where evidence folders go.")
@engine.binaries(engine.to_use)
@FORMAT
def reproduce(trial: str, run_folder: Path | None, form: str, **given: Any) -> int:
    """Run the trial ID of an earlier run again, under the same plan, and judge it anew.

    A trial that failed and now passes is unstable: the outcome is UNKNOWN, with both pieces of evidence. The ID of a
    finding of `crashproof explore` has its path walked again.
    """
    from harness.app.explore import walk_again
    from harness.app.reproduce import reproduce as reproduce_trial  # these take their time, and --help needs none
    from harness.app.run import Means
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    if explored := interruptible(walk_again(trial, folder=run_folder)):
        return show_explored(explored, form=form)
    means = Means(binaries=engine.binary_paths(given), keep_rig=given["keep_rig"])
    with ProgressDisplay(jsonl=form == "jsonl") as display:
        work = reproduce_trial(trial, run_folder=run_folder, out=given["out"], means=means, tell=display.tell)
        result = interruptible(work)
    return show(result, form=form)
