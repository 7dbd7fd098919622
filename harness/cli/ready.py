"""``crashproof ready``: the twelve points of the checklist before a release, each measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import ad_hoc, engine
from harness.cli.output import REPORT_DIR, VERBOSE, say, tell, terminal
from harness.errors import UsageError
from harness.records import store as folders

if TYPE_CHECKING:
    from harness.app.ready import ReadyResult
    from harness.app.run import DeclaredWork
    from harness.records.options import SweepOptions

_EPILOG = """\b
Examples:
  crashproof ready scenarios/research.py
  crashproof ready --from latest --markdown readiness.md --badge readiness.svg
  crashproof ready --worker "python worker.py" --task-queue q \\
      --workflow MyAgent --input '{"query": "x"}' \\
      --env 'METRICS_ADDRESS=${METRICS_ADDRESS}'
  crashproof ready scenarios/agent.py --not-applicable 'C1=one model alone, and its outage is ours'
Exit status: 0 all points pass or are not applicable, 1 one fails, 2 usage, 3 one is unknown or rig failure,
130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("targets", nargs=-1, metavar="[WORKER.PY|FILE|FOLDER|NAME|FILE::NAME]...")
@ad_hoc.options
@click.option(
    "--from",
    "from_run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Fill the points from this run: its folder, its id, or `latest`. No trial is run.",
)
@click.option(
    "--not-applicable",
    multiple=True,
    metavar="POINT=REASON",
    help="Say of a point that it does not apply, and why; the reason stands in every report.",
)
@click.option(
    "--faults",
    "faults_wanted",
    multiple=True,
    metavar="WORD[,WORD]",
    help="Make these faults instead of those that the points need: names, families, or all.",
)
@click.option("--workflows", multiple=True, metavar="MODULE[:CLASS]", help="Workflow code to replay strictly.")
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write the copy to be signed.")
@click.option("--badge", type=click.Path(path_type=Path), metavar="FILE.svg", help="Write a badge.")
@click.option("--jobs", type=click.IntRange(1), help="Trials at a time. [default: as many as keep the processors busy]")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="Begin no trial after that long; one of each fault family comes first.",
)
@click.option("--keep", "keep_rig", is_flag=True, help="Keep the server's database and logs with the evidence.")
@click.option("--out", type=click.Path(path_type=Path), default=folders.RUNS, help="Where evidence folders go.")
@REPORT_DIR
@VERBOSE
@engine.option
@engine.binaries(engine.to_use)
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the checklist on standard output.",
)
def ready(targets: tuple[str, ...], form: str, **given: Any) -> int:
    """Fill the checklist before a release: twelve points, two a theme, each measured.

    What the points need is run: the audit of the worker's code, a kill at every moment, the faults of each point, and
    replays under all conditions.
    """
    from harness.app.loading import beside
    from harness.app.ready import ready_from, waivers  # these take their time, and --help needs none of them
    from harness.app.report import make_report_folder
    from harness.cli.interrupting import interruptible

    waived = waivers(given["not_applicable"])
    for name in ("markdown", "badge", "report_dir"):  # a run that is there may have been given elsewhere
        given[name] = given[name] and given[name].absolute()
        if given[name] and name != "report_dir" and not given[name].parent.is_dir():
            raise UsageError(f"--{name} {given[name]}: there is no folder {given[name].parent}")
    if given["report_dir"]:
        make_report_folder(given["report_dir"])
    if given["from_run"]:
        if targets or given["worker"]:
            raise UsageError("--from fills the points from a run that is there: give no scenario or worker beside it")
        filled = interruptible(ready_from(_run_folder(given["from_run"], given["out"]), waived=waived, tell=tell))
    else:
        work = ad_hoc.declared_work((*targets, *beside(targets)), given)
        filled = _run(work, waived=waived, given=given, form=form)
    return _show(filled, form=form, given=given)


def _run_folder(given: Path, runs: Path) -> Path:
    """Return the folder of a run, given itself, its id, or ``latest``."""
    return given if given.exists() or given.parent != Path() else runs / given


def _run(work: list[DeclaredWork], *, waived: dict[str, str], given: dict[str, Any], form: str) -> ReadyResult:
    from harness.app.ready import ready as ready_all
    from harness.app.ready import ready_from
    from harness.app.run import Means
    from harness.app.run_folder import new_run_folder
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    means = Means(binaries=engine.binary_paths(given), jobs=given["jobs"] or 0, keep_rig=given["keep_rig"])
    options = _options(given)
    with new_run_folder(given["out"]) as folder:
        try:
            with ProgressDisplay(each=given["each"]) as display:
                running = ready_all(work, options=options, folder=folder, means=means, waived=waived, tell=display.tell)
                return interruptible(running)
        except KeyboardInterrupt:
            if (folder / "run.json").is_file():
                known = interruptible(ready_from(folder, waived=waived, tell=tell, replays=False))
                _show(known, form=form, given=given)
            raise


def _options(given: dict[str, Any]) -> SweepOptions:
    from harness.cli.run import fault_words
    from harness.records.options import SweepOptions

    return SweepOptions(
        time_limit=given["time_limit"] or 0.0,
        workflows=given["workflows"],
        faults=fault_words(given["faults_wanted"]),
        engine=given["engine"],
        once_each=True,
    )


def _show(filled: ReadyResult, *, form: str, given: dict[str, Any]) -> int:
    """Print the checklist, write what was asked for, and return the exit status."""
    from harness.app.report import write_reports
    from harness.cli.standard_output import written
    from harness.report.document import indented
    from harness.report.files import shown_path
    from harness.report.readiness.badge import badge
    from harness.report.readiness.markdown import checklist_markdown
    from harness.report.readiness.source import checklist_document
    from harness.report.readiness.text import checklist_text

    checklist, place = filled.checklist, shown_path(filled.run.folder)
    if form == "json":
        written.add(form)
        click.echo(indented(checklist_document(checklist, sweeps=filled.run.sweeps, folder=place)))
    else:
        colour, width = terminal()
        click.echo(checklist_text(checklist, folder=place, colour=colour, width=width), color=colour)
    if given["markdown"]:
        page = checklist_markdown(checklist, record=filled.record, folder=place)
        _write(given["markdown"], page)
    if given["badge"]:
        _write(given["badge"], badge(checklist))
    if given["report_dir"]:
        write_reports(filled.run.folder, to=given["report_dir"])
    return checklist.outcome.exit_status


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    say(f"crashproof: written: {file}", err=True)
