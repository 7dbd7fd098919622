"""A copy of a run's evidence that can be shown to others: what users wrote in it gives way to stand-ins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.app.capture import scrub_key
from harness.app.judge import judge
from harness.app.progress import Tell
from harness.app.run import RunResult
from harness.errors import UsageError
from harness.histories.evidence_scrubbing import scrubbed
from harness.histories.scrubbing import StandIns
from harness.records import store as folders
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Verdict
from harness.records.withheld import WITHHELD


def scrub_run(folder: Path, *, to: Path, tell: Tell) -> RunResult:
    """Copy the evidence of a run, scrubbed, and judge the copy: its reports are made of nothing else.

    The logs, files of state and databases of the run are left out.

    Args:
        folder: The evidence folder of the run.
        to: The folder of the copy, which is made.
        tell: Called with what happens.

    Returns:
        What the run comes to as its copy has it.

    Raises:
        UsageError: There is no such run, it is corrupt, or the folder of the copy is not empty.
        RigError: The copy cannot be written.
    """
    run = folders.find_run(folder)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is there already; give --out a folder that is not, or is empty")
    stand_ins = StandIns(scrub_key())
    for place in ("trials", "under-load"):
        for trial in sorted((run / place).glob("*")):
            if (trial / "trial.json").is_file():
                evidence = scrubbed(folders.load_evidence(trial), stand_ins=stand_ins)
                folders.save_evidence(to / place / evidence.trial, evidence)
    record = _record(folders.load_run(run))
    folders.save_run(to, record)
    result = judge(to, tell=tell)
    for sweep in result.sweeps:
        for verdict in sweep.verdicts:
            folders.save_verdict(to / "trials" / verdict.trial, verdict)
        _tell_differences(folders.load_run(run).sweeps, sweep, tell=tell)
    folders.save_run(to, replace(record, sweeps=result.sweeps))
    return RunResult(folder=to, sweeps=result.sweeps)


def _tell_differences(before: tuple[SweepResult, ...], sweep: SweepResult, *, tell: Tell) -> None:
    """Say so where stand-ins come to something else than what they stand for."""
    outcomes = {verdict.trial: verdict.outcome for each in before for verdict in each.verdicts}
    others = [each.trial for each in sweep.verdicts if outcomes.get(each.trial, each.outcome) is not each.outcome]
    if others:
        text = f"{sweep.scenario}: checks that read what was replaced come to something else in {', '.join(others)}"
        tell(News(scenario=sweep.scenario, text=text))


def _record(record: RunRecord) -> RunRecord:
    return replace(
        record,
        command=(*record.command[:2], WITHHELD),
        cwd=WITHHELD,
        scenarios=tuple(_declared(each) for each in record.scenarios),
        sweeps=tuple(_sweep(each) for each in record.sweeps),
    )


def _declared(scenario: DeclaredScenario) -> DeclaredScenario:
    worker = WITHHELD if scenario.worker else ""
    return replace(scenario, worker=worker, options=None if scenario.options is None else {})


def _sweep(sweep: SweepResult) -> SweepResult:
    return replace(
        sweep,
        verdicts=tuple(_without_words(verdict) for verdict in sweep.verdicts),
        masked=(),
        notes=(),
        reason=WITHHELD if sweep.reason else "",
    )


def _without_words(verdict: Verdict) -> Verdict:
    """Return what stays of a verdict where there is no evidence to judge again."""
    judgements = tuple(replace(each, reason="", findings=()) for each in verdict.judgements)
    return replace(verdict, reason=WITHHELD if verdict.reason else "", judgements=judgements)
