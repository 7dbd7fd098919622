"""``crashproof run``: torture agents, from scenario files or from options alone."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli import ad_hoc, engine
from harness.cli.github import show_on_github
from harness.cli.output import FAIL_ON, FORMAT, PAIRS, REPORT_DIR, VERBOSE, RunFolder, show, tell
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.app.progress import Tell
    from harness.app.run import DeclaredWork, RunResult
    from harness.records.explore_result import Explorations
    from harness.records.options import SweepOptions

_EPILOG = """\b
Examples:
  crashproof run scenarios/research.py
  crashproof run worker.py    # queue, workflows and inputs are read from its code
  crashproof run scenarios/ --jobs 4 -o json
  crashproof run scenarios/research.py --faults model,kill-server
  crashproof run scenarios/research.py --pairs 20    # two strikes in one trial, too
  crashproof run scenarios/research.py --thorough    # every fault, then every order of answers
  crashproof run --plan .crashproof/explorations/latest/347acf/plan.json
  crashproof run --worker "python worker.py" --task-queue q \\
      --workflow MyAgent --input '{"query": "x"}'
  crashproof run --worker "python worker.py" --workflow MyAgent \\
      --input '"Ann", 3' --input '"Bob", 4' --executions 2    # four executions at once
  crashproof run worker.py --next "python worker_v2.py"    # the next version in mid-run
Exit status: 0 pass, 1 finding that fails (see --fail-on), 2 usage, 3 unknown or rig failure, 130 interrupted.
"""

_COLLECT = (10_000, 1, 1)
"""Objects from one look for garbage to the next, and looks among the newer ones for each among the older and all."""

_BESIDE_RESUME = (
    "--resume",
    "--list",
    "--jobs",
    "--time-limit",
    "--max-failures",
    "--prices",
    "--keep",
    "--report-dir",
    "--output",
    "--verbose",
)
"""The options that may be another way when a run is gone on with, beside those that name a server binary."""


@click.command(epilog=_EPILOG)
@click.argument("targets", nargs=-1, metavar="[WORKER.PY|FILE|FOLDER|NAME|FILE::NAME]...")
@ad_hoc.options
@click.option(
    "--faults",
    "faults_wanted",
    multiple=True,
    metavar="WORD[,WORD]",
    help="Make these faults instead of the scenario's own: names, families, or all (see `crashproof faults`).",
)
@click.option(
    "--next",
    "next_version",
    metavar="COMMAND|git:REV",
    help="Replace the worker by the next version of its code in mid-run, at every cut, and roll back: a command, or "
    "the worker's own command with the code of a git revision.",
)
@click.option("--workflows", multiple=True, metavar="MODULE[:CLASS]", help="Workflow code to replay strictly.")
@click.option("--check", "wanted", multiple=True, metavar="NAME", help="Judge by these checks only.")
@click.option("--skip-check", "skipped", multiple=True, metavar="NAME", help="Leave a standard check out.")
@FAIL_ON
@click.option("--list", "list_points", is_flag=True, help="Show the points, run no sweep.")
@click.option("--only", multiple=True, metavar="POINT", help="Strike only at points that match (id or * pattern).")
@PAIRS
@click.option("--jobs", type=click.IntRange(1), help="Trials at a time. [default: as many as keep the processors busy]")
@click.option("--real-time", is_flag=True, help="Let every timeout elapse in real time.")
@click.option(
    "--cold",
    is_flag=True,
    help="Start every worker process cold instead of forking it from one that has imported the third-party modules "
    "already.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="Begin no trial after that long; one of each fault family comes first.",
)
@click.option(
    "--max-failures", type=click.IntRange(1), metavar="N", help="Begin no trial after N with a strike have failed."
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file with the prices of models, by which tokens that were billed twice are told as money; by default "
    "[tool.crashproof.prices] of pyproject.toml.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Make every fault, where --faults names none, and explore each scenario afterwards, as `crashproof explore` "
    "does with its own defaults.",
)
@click.option("--keep", "keep_rig", is_flag=True, help="Keep the server's database and logs with the evidence.")
@click.option("--out", type=click.Path(path_type=Path), default=folders.RUNS, help="Where evidence folders go.")
@click.option("--resume", type=RunFolder(), metavar="FOLDER", help="Go on with an interrupted run.")
@click.option(
    "--plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask a real server for the one path of this plan, which `crashproof explore` writes for each finding.",
)
@REPORT_DIR
@VERBOSE
@engine.option
@engine.binaries(engine.to_use)
@FORMAT
def run(targets: tuple[str, ...], form: str, **given: Any) -> int:
    """Torture agents: break something at every message, let it heal, and say what broke.

    Scenarios come from files, folders and names, or one worker is described by options alone; of a worker's program
    they are read from its code, as far as they are not given.
    """
    from harness.cli.interrupting import interruptible  # these take their time, and --help needs none of them
    from harness.cli.progress import ProgressDisplay
    from harness.records.options import SweepOptions
    from harness.records.prices import find_prices, load_prices

    if given["plan"]:
        return _confirm(targets, form=form, given=given)
    if given["resume"]:
        _refuse_beside_resume(click.get_current_context())
    if given["thorough"] and not given["faults_wanted"]:
        given["faults_wanted"] = ("all",)
    if given["report_dir"]:
        from harness.app.report import make_report_folder

        make_report_folder(given["report_dir"])
    work = _declared(targets, given)
    options = SweepOptions(
        real_time=given["real_time"],
        only=given["only"],
        pairs=given["pairs"] or 0,
        points_only=given["list_points"],
        time_limit=given["time_limit"] or 0.0,
        max_failures=given["max_failures"] or 0,
        workflows=given["workflows"],
        cold=given["cold"],
        next=given["next_version"] or "",
        faults=fault_words(given["faults_wanted"]),
        engine=given["engine"],
        fail_on=Severity(given["fail_on"] or Severity.BROKEN),
        prices=load_prices(given["prices"]) if given["prices"] else find_prices(Path.cwd()),
    )
    with _folder(given) as folder:
        try:
            with ProgressDisplay(jsonl=form == "jsonl", each=given["each"]) as display:
                running = _run(work, options=options, folder=folder, tell=display.tell, given=given)
                result = interruptible(running)
        except KeyboardInterrupt:
            if (folder / "run.json").is_file():
                from harness.app.judge import judge

                show(so_far := judge(folder, tell=tell, anew=False), form=form)
                _write_reports(folder, given["report_dir"])
                show_on_github(so_far)
            raise
    _write_reports(result.folder, given["report_dir"])
    if not options.points_only:
        show_on_github(result)
    explored = None
    try:
        explored = _explored(work, out=given["out"]) if given["thorough"] and not options.points_only else None
    finally:
        status = show(result, form=form, points_only=options.points_only, explored=explored)
    return status


def _declared(targets: tuple[str, ...], given: dict[str, Any]) -> list[DeclaredWork]:
    """Read what is declared, for which the user's code is imported.

    All that is imported stays: to look for garbage there meanwhile takes a fifteenth of the time, and 36 ms each time
    afterwards. What trials leave is looked through whole every half minute or so from then on (20 ms): by Python's own
    measure it never was, and in 1,500 trials memory grew by a fifth.
    """
    gc.disable()
    try:
        return [] if given["resume"] else ad_hoc.declared_work(targets, given)
    finally:
        gc.freeze()
        gc.set_threshold(*_COLLECT)
        gc.enable()


def _explored(work: Sequence[DeclaredWork], *, out: Path) -> Explorations | None:
    """Explore the scenarios after they were swept; the evidence lies where `crashproof explore` looks for it."""
    from harness.app.explore import explore_started
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay, Throttle

    place = folders.EXPLORATIONS if out == folders.RUNS else out / folders.EXPLORATIONS.name
    with ProgressDisplay() as display:
        progress = Throttle(display, plain=lambda news: f"{news.scenario}: {news.text}")
        return interruptible(explore_started(work, out=place, tell=progress))


def _confirm(targets: tuple[str, ...], *, form: str, given: dict[str, Any]) -> int:
    """Walk the path of a plan on a real server, and say whether it shows the same there."""
    from harness.app.confirm import confirm
    from harness.app.run import Means
    from harness.cli.explore import show_explored
    from harness.cli.interrupting import interruptible
    from harness.cli.progress import ProgressDisplay

    if targets or given["worker"] or given["resume"]:
        raise UsageError("--plan says what is run: give no scenario, no worker and no --resume beside it")
    means = Means(binaries=engine.binary_paths(given), keep_rig=given["keep_rig"])
    with ProgressDisplay(jsonl=form == "jsonl") as display:
        confirmed = interruptible(confirm(given["plan"], means=means, tell=display.tell))
    return show_explored(confirmed, form=form)


def _write_reports(folder: Path, to: Path | None) -> None:
    if to:
        from harness.app.report import write_reports

        write_reports(folder, to=to)


def _folder(given: dict[str, Any]) -> AbstractContextManager[Path]:
    from harness.app.run_folder import new_run_folder

    return nullcontext(given["resume"]) if given["resume"] else new_run_folder(given["out"])


def _refuse_beside_resume(given: click.Context) -> None:
    """Refuse what the run that is gone on with has already, so that nobody takes it for heard."""
    allowed = {*_BESIDE_RESUME, *engine.binary_options()}
    for parameter in given.command.params:
        name = parameter.opts[-1]
        if name not in allowed and given.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            what = name if isinstance(parameter, click.Option) else "scenario"
            raise UsageError(f"--resume goes on with what its folder holds: give no {what} beside it")


async def _run(
    work: Sequence[DeclaredWork], *, options: SweepOptions, folder: Path, tell: Tell, given: dict[str, Any]
) -> RunResult:
    from harness.app.run import Means, resume, run

    means = Means(binaries=engine.binary_paths(given), jobs=given["jobs"] or 0, keep_rig=given["keep_rig"])
    if given["resume"]:
        return await resume(folder, limits=options, means=means, tell=tell)
    return await run(work, options=options, folder=folder, means=means, tell=tell)


def fault_words(given: Sequence[str]) -> tuple[str, ...]:
    """Return the words of ``--faults``.

    Raises:
        UsageError: One is no fault and no family.
    """
    from harness import faults

    words = tuple(word.strip() for words in given for word in words.split(",") if word.strip())
    faults.chosen(words)
    return words
