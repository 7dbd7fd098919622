"""``crashproof run``: torture agents, from scenario files or from options alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from harness import checks, faults
from harness.campaign.campaign import default_jobs, first_error, sweep_all
from harness.cli import ad_hoc as stranger
from harness.cli import engine, loading
from harness.cli.output import FORMAT, show
from harness.cli.progress import Told
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord, begin
from harness.records.scenario import Scenario
from harness.records.sweep_result import SweepResult
from harness.report.files import keep, shown_path

T = TypeVar("T")

KEPT = ("real_time", "only", "workflows", "cold", "faults", "engine")
"""Options that the trials of a run depend on: its record keeps them."""

_EPILOG = """\b
Examples:
  crashproof run scenarios/research.py
  crashproof run scenarios/ --jobs 4 -o json
  crashproof run scenarios/research.py --faults model,kill-server
  crashproof run --worker "python worker.py" --task-queue q \\
      --workflow MyAgent --input '{"query": "x"}'
Exit status: 0 pass, 1 finding, 2 usage, 3 unknown or rig failure, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("targets", nargs=-1, metavar="[FILE|FOLDER|NAME|FILE::NAME]...")
@stranger.options
@click.option(
    "--faults",
    "faults_wanted",
    multiple=True,
    metavar="WORD[,WORD]",
    help="Make these faults instead of the scenario's own: names, families, or all (see `crashproof faults`).",
)
@click.option("--workflows", multiple=True, metavar="MODULE[:CLASS]", help="Workflow code for Temporal's Replayer.")
@click.option("--check", "wanted", multiple=True, metavar="NAME", help="Judge by these checks only.")
@click.option("--skip-check", "skipped", multiple=True, metavar="NAME", help="Leave a standard check out.")
@click.option("--list", "list_points", is_flag=True, help="Show the points, run no sweep.")
@click.option("--only", multiple=True, metavar="POINT", help="Strike only at points that match (id or * pattern).")
@click.option("--jobs", type=click.IntRange(1), help="Trials at a time. [default: 3 for each processor]")
@click.option("--real-time", is_flag=True, help="Let every timeout elapse in real time.")
@click.option(
    "--cold",
    is_flag=True,
    help="Start every worker process cold instead of forking it from one that has imported the third-party modules "
    "already.",
)
@click.option("--time-limit", type=click.FloatRange(1), metavar="SECONDS", help="Begin no trial after that long.")
@click.option("--max-failures", type=click.IntRange(1), metavar="N", help="Begin no trial after N have failed.")
@click.option("--keep", "keep_rig", is_flag=True, help="Keep the server's database and logs with the evidence.")
@click.option("--out", type=click.Path(path_type=Path), default=folders.RUNS, help="Where evidence folders go.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="FOLDER", help="Go on with an interrupted run.")
@engine.option
@engine.binaries
@FORMAT
def run(targets: tuple[str, ...], form: str, **given: Any) -> int:
    """Torture agents: break something at every message, let it heal, and say what broke.

    Scenarios come from files, folders and names, or one worker is described by options alone.
    """
    record = None
    if given["resume"]:
        folder = folders.find_run(given["resume"])
        record = folders.load_run(folder)
        if targets or given["worker"]:
            raise UsageError("--resume goes on with what its folder holds: give no scenario beside it")
        scenarios, declared = again(record)  # in the folder that it was given in
    else:
        scenarios, declared = _scenarios(targets, given)
    options = SweepOptions(
        real_time=given["real_time"],
        only=given["only"],
        points_only=given["list_points"],
        time_limit=given["time_limit"] or 0.0,
        max_failures=given["max_failures"] or 0,
        workflows=given["workflows"],
        cold=given["cold"],
        faults=_words(given["faults_wanted"]),
        engine=given["engine"],
    )
    if record:
        options = replace(options, **kept_options(record))
    folder = folder if record else folders.new_run(given["out"])
    with Told(jsonl=form == "jsonl") as told:
        swept = interruptible(
            _run(scenarios, declared=declared, folder=folder, options=options, told=told, given=given)
        )
    if not given["keep_rig"]:
        shutil.rmtree(folder / "rig", ignore_errors=True)
    return show(swept, folder=folder, form=form, points_only=options.points_only)


async def _run(
    scenarios: Sequence[Scenario],
    *,
    declared: tuple[DeclaredScenario, ...],
    folder: Path,
    options: SweepOptions,
    told: Told,
    given: dict[str, Any],
) -> list[SweepResult]:
    binary = await engine.find_binary(options.engine, given, progress=told.line)
    server = {"version": binary.version, "path": str(binary.path), "sha256": binary.sha256, "source": binary.source}
    kept = {name: getattr(options, name) for name in KEPT}
    record = begin(scenarios=declared, options=kept, server=server)
    folders.save_run(folder, record)
    told.line(f"{binary.version} from {binary.source}; evidence in {shown_path(folder)}")
    results: dict[str, SweepResult] = {}

    def keep_result(result: SweepResult) -> None:
        results[result.scenario] = result
        folders.save_run(folder, replace(record, swept=tuple(results.values())))

    try:
        swept = await sweep_all(
            scenarios,
            binary=binary,
            folder=folder,
            jobs=given["jobs"] or default_jobs(),
            options=options,
            tell=told.tell,
            keep=keep_result,
        )
    except asyncio.CancelledError:
        told.line(f"interrupted; go on with: crashproof run --resume {shown_path(folder)}")
        raise
    folders.save_run(folder, replace(record, swept=tuple(swept), finished=time.time()))
    keep(swept, folder=folder, scenarios=declared)
    return swept


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work so that Ctrl-C and SIGTERM end it with everything cleaned up.

    Raises:
        KeyboardInterrupt: It was interrupted.
        UsageError, RigError: As the work raised them, out of whatever group they came in.
    """

    async def watched() -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    except BaseExceptionGroup as error:
        raise first_error(error) from error


def again(record: RunRecord) -> tuple[list[Scenario], tuple[DeclaredScenario, ...]]:
    """Go to the folder in which an earlier run was given, and return its scenarios.

    Raises:
        UsageError: A file of theirs is gone or has no such scenario any more.
    """
    go_to(record)
    return [scenario_again(declared) for declared in record.scenarios], record.scenarios


def go_to(record: RunRecord) -> None:
    """Go to the folder in which an earlier run was given: its worker commands and files are relative to it.

    Raises:
        UsageError: The folder is gone.
    """
    if not Path(record.cwd).is_dir():
        raise UsageError(f"the run was given in {record.cwd}, which is gone")
    os.chdir(record.cwd)


def scenario_again(declared: DeclaredScenario) -> Scenario:
    """Return one scenario of an earlier run.

    Raises:
        UsageError: Its file is gone or declares it no more.
    """
    if declared.options is not None:
        return replace(stranger.scenario(declared.options), checks=declared.checks)
    found = loading.load([f"{declared.file}::{declared.variable}"])[0]
    return replace(found, name=declared.name, checks=declared.checks, skip_checks=())


def kept_options(record: RunRecord) -> dict[str, Any]:
    """Return those options of an earlier run that its trials depend on."""
    return {
        "real_time": record.options.get("real_time", False),
        "only": tuple(record.options.get("only", ())),
        "workflows": tuple(record.options.get("workflows", ())),
        "cold": record.options.get("cold", False),
        "faults": tuple(record.options.get("faults", ())),
        "engine": record.options.get("engine", "dev"),
    }


def _words(given: Sequence[str]) -> tuple[str, ...]:
    """Return the words of ``--faults``.

    Raises:
        UsageError: One is no fault and no family.
    """
    words = tuple(word.strip() for words in given for word in words.split(",") if word.strip())
    faults.chosen(words)
    return words


def _scenarios(targets: tuple[str, ...], given: dict[str, Any]) -> tuple[list[Scenario], tuple[DeclaredScenario, ...]]:
    described = {name: given[name] for name in stranger.NAMES}
    if given["worker"]:
        if targets:
            raise UsageError("give scenarios or --worker, not both")
        found = [stranger.scenario(described)]
    else:
        if any(described.values()):
            raise UsageError("options that describe a worker need --worker COMMAND")
        if not targets:
            raise UsageError("nothing to run: give a scenario file, folder or name, or --worker COMMAND (see --help)")
        found = loading.load(targets)
    wanted = given["wanted"]
    found = [
        replace(one, checks=wanted or one.checks, skip_checks=(*one.skip_checks, *given["skipped"])) for one in found
    ]
    declared = tuple(
        DeclaredScenario(
            name=one.name,
            variable=one.name.rpartition(".")[2],
            file=one.file,
            options=described if given["worker"] else None,
            checks=tuple(each.name for each in checks.chosen(one.checks, skip=one.skip_checks)),
        )
        for one in found
    )
    return found, declared
