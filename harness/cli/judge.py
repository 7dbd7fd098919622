"""``crashproof judge``: judge stored evidence again, with the checks of today and without any server."""

from __future__ import annotations

from pathlib import Path

import click

from harness.app.judge import judge as judge_again
from harness.cli.output import FORMAT, say, show
from harness.records.store import RUNS

_EPILOG = """\b
Example: crashproof judge .crashproof/runs/latest
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS / "latest")
@FORMAT
def judge(folder: Path, form: str) -> int:
    """Judge the evidence of a run again, and write its report anew. No server and no worker is started."""
    result = judge_again(folder, tell=lambda news: say(f"crashproof: {news.text}", err=True))
    return show(result, form=form)
