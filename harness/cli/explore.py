"""``crashproof explore``: every order in which the world can answer, on an unmodified worker, without a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import ad_hoc
from harness.cli.output import FORMAT, say
from harness.records.store import EXPLORATIONS

if TYPE_CHECKING:
    from harness.records.explore_result import Explorations
    from harness.records.sweep_result import News

_EPILOG = """\b
The worker runs unmodified; its server is played to it. Activities are executed
once each by its own code, with the model and effect doors behind them. Then
everything that a server could tell it next is tried, in every order: results,
failures, timeouts, timers, signals, updates, a cancellation.
\b
Budgets, how often on one path (--budget NAME=TIMES):
  fail=1      an activity, a child or an operation fails for good
  timeout=1   one of the timeouts of an activity elapses
  cancel=1    somebody asks the workflow to cancel
  terminate=0 somebody terminates it: what is left behind is noted
  trouble=1   these four together
  together=1  two things come in one workflow task
  twice=0     a signal comes once more
  answer=1    the model gives another answer that its script offers (others())
\b
Examples:
  crashproof explore scenarios/research.py
  crashproof explore scenarios/ --budget trouble=2 --time-limit 600
  crashproof explore --worker "python worker.py" --task-queue q \\
      --workflow MyAgent --input '{"query": "x"}' --signal approve
  crashproof explore scenarios/research.py --results latest
Exit status: 0 pass, 1 finding, 2 usage, 3 not explored whole or rig failure, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("targets", nargs=-1, metavar="[FILE|FOLDER|NAME|FILE::NAME]...")
@ad_hoc.options
@click.option("--budget", "budgets", multiple=True, metavar="NAME=TIMES", help="How often something may happen.")
@click.option("--states", type=click.IntRange(1), default=5_000, show_default=True, help="Most states of a scenario.")
@click.option("--moves", type=click.IntRange(1), default=60, show_default=True, help="Most moves of one path.")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time that the exploration of one scenario may take.",
)
@click.option(
    "--answer-limit",
    type=click.FloatRange(1),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time that one answer of the worker may take, or the execution of an activity.",
)
@click.option("--jobs", type=click.IntRange(1), help="Scenarios at a time. [default: as many as processors, at most 4]")
@click.option(
    "--results",
    multiple=True,
    metavar="EVIDENCE",
    help="Execute no activity: take how they end from these histories or evidence folders (`latest`).",
)
@click.option("--order-matters", is_flag=True, help="The result depends on the order of things by design.")
@click.option("--out", type=click.Path(path_type=Path), default=EXPLORATIONS, help="Where evidence folders go.")
@FORMAT
def explore(targets: tuple[str, ...], form: str, **given: Any) -> int:
    """Explore every order in which the world can answer a worker, and say on which paths a property does not hold."""
    from harness.app.explore import explore as explore_all  # these take their time, and --help needs none of them
    from harness.app.explore import interrupted, options_of
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay, Throttle

    options = options_of(given)
    work = ad_hoc.declared_work(targets, given)
    with ProgressDisplay() as display:
        try:
            jobs = given["jobs"] or min(4, os.cpu_count() or 1)
            progress = Throttle(display, plain=_plain)
            running = explore_all(work, options=options, out=given["out"], tell=progress, jobs=jobs)
            explored = interruptible(running)
        except KeyboardInterrupt:
            if (so_far := interrupted(given["out"])) and so_far.results:
                show_explored(so_far, form=form)
            raise
    return show_explored(explored, form=form)


def _plain(news: News) -> str:
    return f"{news.scenario}: {news.text}"


def show_explored(explored: Explorations, *, form: str) -> int:
    """Print the report of explorations and return the exit status."""
    from harness.cli.github import tell_github
    from harness.cli.standard_output import written
    from harness.report.document import document, indented, rows
    from harness.report.document import encoded as in_one_line
    from harness.report.explore.source import explore_report
    from harness.report.explore.text import explore_text
    from harness.report.summary import findings_summary

    report = explore_report(explored)
    tell_github(report, findings_summary(report))
    if form == "text":
        say(explore_text(explored))
    else:
        written.add(form)
        if form == "json":
            click.echo(indented(document(report)))
        else:
            for row in rows(report):
                click.echo(in_one_line(row))
    return explored.outcome.exit_status
