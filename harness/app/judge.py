"""Judging again: stored evidence under the checks of today, without any server or worker."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Mapping, Sequence
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
from harness.report.phrases import number
from harness.sweeps.quiet import in_the_end
from harness.sweeps.trial_results import TrialResults

_TELL_EVERY = 5.0  # seconds


def judge(folder: Path, *, tell: Tell, fail_on: Severity | None = None, anew: bool = True) -> RunResult:
    """Judge the evidence of a run again and write its reports anew, where they can be written.

    Args:
        folder: Its evidence folder.
        tell: Called with what happens.
        fail_on: How bad a finding must be to fail; None: as bad as it had to be in the run.
        anew: Whether trials are judged that were judged before, too; without, what they came to then counts.

    Raises:
        UsageError: It is no evidence folder, or a file of it is corrupt.
    """
    run_folder = folders.find_run(folder)
    record = folders.load_run(run_folder)
    order = _Order(
        folder=run_folder,
        record=record,
        fail_on=fail_on or kept_options(record).fail_on,
        anew=anew,
        trials=_trials(run_folder),
        tell=tell,
    )
    sweeps = tuple(_judged(declared, order) for declared in record.scenarios)
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
    return _undisturbed(_trials(folder).get(scenario, ()), folder=folder, scenario=scenario)


class _Order:
    """What is judged, how, and how far that is.

    Attributes:
        folder: The evidence folder.
        record: What was run.
        fail_on: How bad a finding must be to fail.
        anew: As for ``judge``.
        trials: The folders of the trials of each scenario.
    """

    def __init__(
        self,
        *,
        folder: Path,
        record: RunRecord,
        fail_on: Severity,
        anew: bool,
        trials: Mapping[str, Sequence[Path]],
        tell: Tell,
    ) -> None:
        self.folder = folder
        self.record = record
        self.fail_on = fail_on
        self.anew = anew
        self.trials = trials
        self._tell = tell
        self._total = sum(map(len, trials.values()))
        self._done = 0
        self._last_news = time.monotonic()

    def count(self) -> None:
        """Count a trial that is judged, and say every few seconds how far that is."""
        self._done += 1
        if time.monotonic() - self._last_news > _TELL_EVERY:
            self._last_news = time.monotonic()
            self._tell(News(text=f"{self._done} of {number(self._total, 'trial')} judged"))


def _judged(declared: DeclaredScenario, order: _Order) -> SweepResult:
    stored = next((result for result in order.record.sweeps if result.scenario == declared.name), None)
    trials = order.trials.get(declared.name, ())
    if stored is None and not trials:
        return SweepResult(scenario=declared.name, reason=UNFINISHED)
    if stored and (stored.inapplicable or (stored.reason and not stored.verdicts)):
        return stored
    wanted = [checks.named(name) for name in declared.checks]
    undisturbed = _undisturbed(trials, folder=order.folder, scenario=declared.name)
    judge_alone = functools.partial(judge_trial, baselines=undisturbed, checks=wanted, fail_on=order.fail_on)
    results = TrialResults.of(stored) if stored else TrialResults()
    for trial in trials:
        evidence = folders.load_evidence(trial)
        if stored is None or _belongs(evidence, stored):
            known = not order.anew and folders.is_judged(trial)
            verdict = folders.load_verdict(trial) if known else in_the_end(evidence, folder=trial, judge=judge_alone)
            results.add(evidence, verdict)
        order.count()
    return replace(
        stored or SweepResult(scenario=declared.name, reason=UNFINISHED),
        verdicts=tuple(results.verdicts.values()),
        struck=tuple(results.struck),
        unreachable=tuple(results.unreachable),
        regrouped=tuple(results.regrouped),
        lone=tuple(results.lone),
        fail_on=order.fail_on,
    )


def _undisturbed(trials: Iterable[Path], *, folder: Path, scenario: str) -> list[Evidence]:
    undisturbed = [folders.load_evidence(trial) for trial in trials if not folders.load_plan(trial).strikes]
    if not undisturbed:
        raise UsageError(f"{folder} holds no undisturbed trial of {scenario!r} to compare with; run it again")
    return undisturbed


def _belongs(evidence: Evidence, stored: SweepResult) -> bool:
    """Tell whether a trial is one of a sweep, and not a baseline that was copied to judge one trial by."""
    last = evidence.plan.strikes[-1:]
    if evidence.plan in stored.pairs:
        return True
    return any(evidence.trial == verdict.trial for verdict in stored.verdicts) or any(
        (cut.strike,) == last for cut in stored.cuts
    )


def _trials(folder: Path) -> dict[str, list[Path]]:
    """Return the folders of the trials of each scenario that left evidence."""
    trials: dict[str, list[Path]] = {}
    for trial in sorted((folder / "trials").glob("*")):
        if (trial / "trial.json").is_file() or folders.is_judged(trial):
            trials.setdefault(folders.scenario_of(trial), []).append(trial)
    return trials
