"""Judging again: stored evidence under the checks of today, without any server or worker."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness import checks
from harness.app.declared_scenarios import kept_options
from harness.app.progress import Tell
from harness.app.run import RunResult
from harness.checks.judging import judge as judge_trial
from harness.errors import RigError, UsageError
from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import UNFINISHED, News, SweepResult
from harness.records.verdict import Severity
from harness.report.files import keep
from harness.sweeps.quiet import in_the_end
from harness.sweeps.trial_results import TrialResults


def judge(folder: Path, *, tell: Tell, fail_on: Severity | None = None) -> RunResult:
    """Judge the evidence of a run again and write its reports anew, where they can be written.

    Args:
        folder: Its evidence folder.
        tell: Called with what happens.
        fail_on: How bad a finding must be to fail; None: as bad as it had to be in the run.

    Raises:
        UsageError: It is no evidence folder, or a file of it is corrupt.
    """
    run_folder = folders.find_run(folder)
    record = folders.load_run(run_folder)
    least = fail_on or kept_options(record).fail_on
    sweeps = tuple(_judged(run_folder, declared, record, least) for declared in record.scenarios)
    try:
        keep(sweeps, folder=run_folder, scenarios=record.scenarios)
    except RigError as error:  # evidence may well be kept where nobody can write
        tell(News(text=f"the report files stay as they were: {error}"))
    return RunResult(folder=folder, sweeps=sweeps)


def baselines(folder: Path, scenario: str) -> list[Evidence]:
    """Return the evidence of the undisturbed trials of a scenario.

    Raises:
        UsageError: There is none, or it is corrupt.
    """
    undisturbed = [evidence for evidence in _evidence(folder, scenario) if not evidence.plan.strikes]
    if not undisturbed:
        raise UsageError(f"{folder} holds no undisturbed trial of {scenario!r} to compare with; run it again")
    return undisturbed


def _judged(folder: Path, declared: DeclaredScenario, record: RunRecord, fail_on: Severity) -> SweepResult:
    stored = next((result for result in record.sweeps if result.scenario == declared.name), None)
    if stored is None and next(_evidence(folder, declared.name), None) is None:
        return SweepResult(scenario=declared.name, reason=UNFINISHED)
    if stored and (stored.inapplicable or (stored.reason and not stored.verdicts)):
        return stored
    wanted = [checks.named(name) for name in declared.checks]
    undisturbed = baselines(folder, declared.name)
    judge_alone = functools.partial(judge_trial, baselines=undisturbed, checks=wanted, fail_on=fail_on)
    results = TrialResults.of(stored) if stored else TrialResults()
    for evidence in _evidence(folder, declared.name):
        if stored is None or _belongs(evidence, stored):
            trial = folder / "trials" / evidence.trial
            results.add(evidence, in_the_end(evidence, folder=trial, judge=judge_alone))
    return replace(
        stored or SweepResult(scenario=declared.name, reason=UNFINISHED),
        verdicts=tuple(results.verdicts.values()),
        struck=tuple(results.struck),
        unreachable=tuple(results.unreachable),
        regrouped=tuple(results.regrouped),
        fail_on=fail_on,
    )


def _belongs(evidence: Evidence, stored: SweepResult) -> bool:
    """Tell whether a trial is one of a sweep, and not a baseline that was copied to judge one trial by."""
    last = evidence.plan.strikes[-1:]
    return any(evidence.trial == verdict.trial for verdict in stored.verdicts) or any(
        (cut.strike,) == last for cut in stored.cuts
    )


def _evidence(folder: Path, scenario: str) -> Iterator[Evidence]:
    for trial in sorted((folder / "trials").iterdir()):
        if (trial / "trial.json").is_file() or (trial / "verdict.json").is_file():
            evidence = folders.load_evidence(trial)
            if evidence.scenario == scenario:
                yield evidence
