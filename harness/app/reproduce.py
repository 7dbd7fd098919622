"""Reproducing: one trial of an earlier run once more, under the same plan, and whether it comes to the same."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from pathlib import Path

from harness import checks
from harness.app.declared_scenarios import KEPT, declared_scenario, go_to, kept_options
from harness.app.findings_in_code import with_code
from harness.app.judge import baselines
from harness.app.progress import Tell
from harness.app.run import RIG, Means, RunResult
from harness.app.run_folder import new_run_folder
from harness.errors import UsageError, nearest
from harness.processes import scratch
from harness.records import store as folders
from harness.records.run_record import DeclaredScenario, RunRecord, begin
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Outcome, Verdict
from harness.report.files import keep, shown_path
from harness.sweeps.side_by_side import sweep_again


async def reproduce(trial: str, *, run_folder: Path | None, out: Path, means: Means, tell: Tell) -> RunResult:
    """Run one trial of an earlier run again, and judge it anew against the baselines of that run.

    A trial that failed and now passes is unstable: the outcome is UNKNOWN, with both pieces of evidence. The run is
    gone on from the folder in which it was given.

    Args:
        trial: Id of the trial.
        run_folder: The evidence folder that has it; None for the newest in ``out`` that does.
        out: Where evidence folders are, and the new one goes.
        means: What the trial is run with.
        tell: Called with what happens.

    Raises:
        UsageError: No such trial is known, or its scenario or its evidence is gone.
        RigError: No server is there or starts, or the worker does not.
    """
    earlier = _trial_folder(trial, run_folder, out).resolve()
    record = folders.load_run(earlier.parent.parent)
    verdict = folders.load_verdict(earlier)
    declared = next((each for each in record.scenarios if each.name == verdict.scenario), None)
    if declared is None:
        raise UsageError(f"{earlier.parent.parent}/run.json knows no scenario {verdict.scenario!r}")
    with new_run_folder(out.resolve()) as folder:
        go_to(record)
        try:
            again = await _run_again(earlier, declared=declared, record=record, folder=folder, means=means, tell=tell)
        finally:
            means.tidy(folder)
        again = _compared(again, verdict, earlier)
        keep([again], folder=folder, scenarios=(declared,))
        return RunResult(folder=folder, sweeps=(again,))


async def _run_again(
    earlier: Path, *, declared: DeclaredScenario, record: RunRecord, folder: Path, means: Means, tell: Tell
) -> SweepResult:
    scenario = declared_scenario(declared)
    undisturbed = baselines(earlier.parent.parent, declared.name)
    plan = folders.load_plan(earlier)
    options = kept_options(record)
    binary = await means.server(options.engine, tell=tell)
    scratch.claim(folder / RIG)
    server = {"version": binary.version, "path": str(binary.path), "sha256": binary.sha256}
    kept = {name: value for name, value in asdict(options).items() if name in KEPT}
    record = begin(scenarios=(declared,), options={**kept, "reproduces": str(earlier)}, server=server)
    folders.save_run(folder, record)
    tell(News(text=f"{declared.name}: {plan}; evidence in {shown_path(folder)}"))
    for evidence in undisturbed:
        await asyncio.to_thread(folders.save_evidence, folder / "trials" / evidence.trial, evidence)
    result = await sweep_again(
        scenario,
        plan=plan,
        trial=earlier.name,
        baselines=undisturbed,
        checks=[checks.named(name) for name in declared.checks],
        binary=binary,
        folder=folder,
        options=replace(options, cold=True),
        tell=tell,
    )
    [result] = await with_code([result], [scenario], folder=folder, tell=tell)
    folders.save_run(folder, replace(record, sweeps=(result,)))
    return result


def _compared(again: SweepResult, earlier: Verdict, folder: Path) -> SweepResult:
    """Say so where the trial does not come to what it came to before."""
    now = again.verdicts[0]
    if now.outcome is earlier.outcome:
        return replace(again, notes=(*again.notes, f"same outcome as before: {now.outcome}"))
    unstable = f"unstable: it was {earlier.outcome} (evidence in {shown_path(folder)}) and is {now.outcome} now"
    if earlier.outcome is Outcome.FAIL:
        return replace(again, reason=unstable)
    return replace(again, notes=(*again.notes, unstable))


def _trial_folder(trial: str, run_folder: Path | None, out: Path) -> Path:
    runs = [folders.find_run(run_folder)] if run_folder else sorted(_runs(out), reverse=True)
    known: set[str] = set()
    for run in runs:
        for folder in (run / "trials").glob("*") if (run / "trials").is_dir() else ():
            known.add(folder.name)
            if folder.name == trial and folders.is_judged(folder):
                return folder
    raise UsageError(
        f"no trial {trial!r} is known below {run_folder or out}{nearest(trial, known)}; `crashproof run` prints the ids"
    )


def _runs(out: Path) -> list[Path]:
    return [run for run in out.glob("*") if not run.is_symlink() and (run / "run.json").is_file()]
