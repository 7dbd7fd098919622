"""What a judging command prints: the report, in the form asked for."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.standard_output import written
from harness.foreign import for_terminal
from harness.records.store import RUNS
from harness.records.sweep_result import News, outcome
from harness.records.verdict import Severity, worst
from harness.report.document import document, encoded, indented
from harness.report.explore.source import explore_report
from harness.report.explore.text import explore_text
from harness.report.files import shown_path
from harness.report.phrases import reproducing
from harness.report.replay.source import replay_report
from harness.report.replay.text import replay_text
from harness.report.sweep import text as text_report
from harness.report.sweep.comparison import compared, comparison_row, comparison_text
from harness.report.sweep.source import sweep_report

if TYPE_CHECKING:
    from harness.app.run import RunResult
    from harness.records.explore_result import Explorations
    from harness.records.replay_result import ReplayFinding, ReplayResult


class RunFolder(click.Path):
    """The folder of a run: itself, or what it is called among those that runs leave here, ``latest`` or its id."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the folder; what is neither is returned as it was given."""
        given = Path(str(super().convert(value, param, ctx)))
        named = RUNS / given
        return named if not given.exists() and given.parent == Path() and named.is_dir() else given


FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in sorted(Severity, key=lambda severity: -severity.rank)]),
    help="How bad a finding must be to fail: broken, risky or worse, or any (wasteful). [default: broken]",
)

PAIRS = click.option(
    "--pairs",
    type=click.IntRange(1),
    metavar="N",
    help="Then make two strikes in one trial, at most N such pairs: the second one at a point that the recovery from "
    "the first one comes to. One of each pair of fault families comes first.",
)

FORMAT = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Form of the report on standard output.",
)

VERBOSE = click.option("-v", "--verbose", "each", is_flag=True, help="Say of each point what came of it, as it ends.")

REPORT_DIR = click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the reports (HTML, JSON, JUnit, SARIF, Markdown, text) into this folder as well.",
)


def say(text: str, *, err: bool = False) -> None:
    """Print text for people, in which nothing can steer their terminal: it may quote workers, files and servers.

    Args:
        text: The text, of one line or several.
        err: Whether it goes to standard error.
    """
    click.echo(for_terminal(text), err=err)


def tell(news: News) -> None:
    """Say on standard error what happens, for commands that have no display of their progress."""
    say(f"crashproof: {news.text}", err=True)


def terminal() -> tuple[bool, int]:
    """Return whether standard output takes colours, and how many columns it has."""
    if not sys.stdout.isatty():
        return bool(os.environ.get("FORCE_COLOR")) and not os.environ.get("NO_COLOR"), 100
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain, min(max(60, shutil.get_terminal_size((100, 24)).columns), 120)


def _replay_again(finding: ReplayFinding) -> str:
    """Return the command that replays once more what shows a finding."""
    return f"crashproof replay {shlex.quote(finding.histories[0])}" if finding.histories else ""


def show(
    result: RunResult,
    *,
    form: str,
    points_only: bool = False,
    earlier: RunResult | None = None,
    explored: Explorations | None = None,
    replayed: ReplayResult | None = None,
    scrubbed: bool = False,
) -> int:
    """Print the report of a run and return the exit status.

    Args:
        result: What the run came to.
        form: Form of the report.
        points_only: Whether its points alone were asked for.
        earlier: A run that it is compared with: what is new is told, too.
        explored: What an exploration of its scenarios came to, which is told after it.
        replayed: What histories that were replayed beside it came to, which is told after it.
        scrubbed: Whether it is a copy, whose trials cannot be run again: the commands are those of the run itself.
    """
    sweeps, place = result.sweeps, shown_path(result.folder)
    reproduce = reproducing("" if scrubbed else place)
    comparison = compared(sweeps, earlier.sweeps) if earlier else None
    before = shown_path(earlier.folder) if earlier else ""
    both = worst([outcome(sweeps), *(each.outcome for each in (explored, replayed) if each)])
    if form != "text":
        written.add(form)
        whole = document(sweep_report(sweeps, folder=place, reproduce=reproduce))
        if comparison:
            whole["compared"] = comparison_row(comparison, earlier=before)
        whole |= {"outcome": both, "exit_status": both.exit_status}
        if explored:
            whole["explored"] = document(explore_report(explored))
        if replayed:
            whole["replayed"] = document(replay_report(replayed, reproduce=_replay_again))
        click.echo(indented(whole) if form == "json" else encoded(whole))
    elif points_only:
        say(text_report.points(sweeps))
    else:
        width = terminal()[1] if sys.stdout.isatty() else text_report.WIDTH
        say(text_report.text(sweeps, folder=place, reproduce=reproduce, width=width))
    if comparison and form == "text":
        say(f"\n{comparison_text(comparison, earlier=before)}")
    if explored and form == "text":
        say(f"\n{explore_text(explored)}")
    if replayed and form == "text":
        say(f"\n{replay_text(replayed, reproduce=_replay_again)}")
    return both.exit_status
