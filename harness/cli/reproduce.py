"""``crashproof reproduce``: run one trial of an earlier run again, and say whether it shows the same."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness import checks
from harness.campaign.campaign import sweep_again
from harness.cli import engine
from harness.cli.judge import baselines
from harness.cli.output import FORMAT, show
from harness.cli.progress import Told
from harness.cli.run import go_to, interruptible, kept_options, scenario_again
from harness.errors import UsageError, nearest
from harness.records import store as folders
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord, begin
from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.report.files import keep, shown_path

_EPILOG = """\b
Example: crashproof reproduce 9f3a2c
"""


@click.command(epilog=_EPILOG)
@click.argument("trial", metavar="ID")
@click.option(
    "--run", "run_folder", type=click.Path(path_type=Path), help="Evidence folder; by default the newest that has it."
)
@click.option("--keep", "keep_rig", is_flag=True, help="Keep the server's database and logs with the evidence.")
@click.option("--out", type=click.Path(path_type=Path), default=folders.RUNS, help="Where evidence folders go.")
@engine.binaries
@FORMAT
def reproduce(trial: str, run_folder: Path | None, form: str, **given: Any) -> int:
    """Run the trial ID of an earlier run again, under the same plan, and judge it anew.

    A trial that failed and now passes is unstable: the outcome is UNKNOWN, with both pieces of evidence.
    """
    found = _find(trial, run_folder, given["out"]).resolve()
    record = folders.load_run(found.parent.parent)
    earlier = folders.load_verdict(found)
    declared = next((each for each in record.scenarios if each.name == earlier.scenario), None)
    if declared is None:
        raise UsageError(f"{found.parent.parent}/run.json knows no scenario {earlier.scenario!r}")
    folder = folders.new_run(given["out"].resolve())
    go_to(record)
    with Told(jsonl=form == "jsonl") as told:
        work = _again(found, declared=declared, record=record, folder=folder, told=told, given=given)
        swept = interruptible(work)
        swept = _compared(swept, earlier, found)
    if not given["keep_rig"]:
        shutil.rmtree(folder / "rig", ignore_errors=True)
    keep([swept], folder=folder, scenarios=(declared,))
    return show([swept], folder=folder, form=form)


async def _again(
    found: Path, *, declared: DeclaredScenario, record: RunRecord, folder: Path, told: Told, given: dict[str, Any]
) -> SweepResult:
    scenario = scenario_again(declared)
    undisturbed = baselines(found.parent.parent, declared.name)
    plan = folders.load_plan(found)
    options = kept_options(record)
    binary = await engine.find_binary(options["engine"], given, progress=told.line)
    server = {"version": binary.version, "path": str(binary.path), "sha256": binary.sha256}
    record = begin(scenarios=(declared,), options={**options, "reproduces": str(found)}, server=server)
    folders.save_run(folder, record)
    told.line(f"{declared.name}: {plan}; evidence in {shown_path(folder)}")
    for evidence in undisturbed:
        await asyncio.to_thread(folders.save_evidence, folder / "trials" / evidence.trial, evidence)
    swept = await sweep_again(
        scenario,
        plan=plan,
        trial=found.name,
        baselines=undisturbed,
        checks=[checks.named(name) for name in declared.checks],
        binary=binary,
        folder=folder,
        options=SweepOptions(**{**options, "cold": True}),
        tell=told.tell,
    )
    folders.save_run(folder, replace(record, swept=(swept,)))
    return swept


def _compared(swept: SweepResult, earlier: Verdict, found: Path) -> SweepResult:
    """Say so where the trial does not come to what it came to before."""
    now = swept.verdicts[0]
    if now.outcome is earlier.outcome:
        return replace(swept, notes=(*swept.notes, f"same outcome as before: {now.outcome}"))
    told = f"unstable: it was {earlier.outcome} (evidence in {shown_path(found)}) and is {now.outcome} now"
    if earlier.outcome is Outcome.FAIL:
        return replace(swept, reason=told)
    return replace(swept, notes=(*swept.notes, told))


def _find(trial: str, run_folder: Path | None, out: Path) -> Path:
    runs = [folders.find_run(run_folder)] if run_folder else sorted(_runs(out), reverse=True)
    known: set[str] = set()
    for run in runs:
        for folder in (run / "trials").glob("*") if (run / "trials").is_dir() else ():
            known.add(folder.name)
            if folder.name == trial and (folder / "verdict.json").is_file():
                return folder
    raise UsageError(
        f"no trial {trial!r} is known below {run_folder or out}{nearest(trial, known)}; `crashproof run` prints the ids"
    )


def _runs(out: Path) -> list[Path]:
    return [run for run in out.glob("*") if not run.is_symlink() and (run / "run.json").is_file()]
