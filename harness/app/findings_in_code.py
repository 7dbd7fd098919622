"""Which lines of a worker's code explain what a run found: the findings of the audit beside those of the sweep.

The audit reads the code of the worker alone, and only where there is something to explain: it takes a fraction of a
second. Whatever it comes to, the run stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.app.declared_scenarios import declared_scenario
from harness.app.progress import Tell, silent
from harness.app.worker_code import code_of
from harness.campaign.code import python_digest
from harness.campaign.places import CODE
from harness.errors import UsageError
from harness.records.audit_result import AuditFinding
from harness.records.run_record import RunRecord
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepFinding, SweepResult

_MOST_LINES = 3
"""How many lines explain one finding: the first of many say it."""


async def with_code(
    sweeps: Sequence[SweepResult], scenarios: Sequence[Scenario], *, folder: Path, tell: Tell
) -> tuple[SweepResult, ...]:
    """Return sweeps with the lines of code that explain their findings, as far as the code can be read.

    Args:
        sweeps: What each scenario came to.
        scenarios: The scenarios, in the same order; they were run in the current folder.
        folder: The evidence folder.
        tell: Called with what happens.
    """
    if not any(sweep.findings for sweep in sweeps):
        return tuple(sweeps)
    cwd = Path.cwd()
    try:
        return await asyncio.to_thread(_explained, sweeps, scenarios, folder=folder, cwd=cwd)
    except Exception as error:  # it is of the user's code, whatever that is like
        why = f"the worker's code is not read, and no line of it is told: {type(error).__name__}: {error}"
        tell(News(text=why))
        return tuple(replace(each, notes=(*each.notes, why)) if each.findings else each for each in sweeps)


async def with_code_here(record: RunRecord, *, folder: Path, tell: Tell) -> tuple[SweepResult, ...]:
    """Return the sweeps of a campaign with the lines of code that explain its findings, where that code is here.

    Args:
        record: What its machines ran, and what it came to.
        folder: The folder that its evidence was fetched into.
        tell: Called with what happens.
    """
    if not any(sweep.findings for sweep in record.sweeps):
        return record.sweeps
    try:
        here = await asyncio.to_thread(python_digest, Path.cwd())
        if here != record.options.get(CODE):
            raise UsageError("the code in this folder is not what the machines ran")
        scenarios = [declared_scenario(each) for each in record.scenarios]
    except (UsageError, OSError) as error:
        tell(News(text=f"no line of code is told: {error}"))
        return record.sweeps
    return await with_code(record.sweeps, scenarios, folder=folder, tell=tell)


def _explained(
    sweeps: Sequence[SweepResult], scenarios: Sequence[Scenario], *, folder: Path, cwd: Path
) -> tuple[SweepResult, ...]:
    from harness.app.audit import AuditOrder, audit  # a run that passes needs none of it

    files = [code_of([each], cwd=cwd) if sweep.findings else () for sweep, each in zip(sweeps, scenarios, strict=True)]
    read = sorted({file for of_one in files for file in of_one})
    if not read:
        return tuple(sweeps)
    audited = audit(AuditOrder(paths=read, jobs=1, remember=True), tell=silent)
    known = (*audited.findings, *(finding for finding, _ in audited.suppressed), *audited.baselined)
    return tuple(
        _with_lines(sweep, [each for each in known if each.place.file in own], folder=folder, cwd=cwd)
        for sweep, own in zip(sweeps, map(set, files), strict=True)
    )


def _with_lines(sweep: SweepResult, known: Sequence[AuditFinding], *, folder: Path, cwd: Path) -> SweepResult:
    lines = {each.finding.id: tuple(_lines(each, known, folder=folder, cwd=cwd)) for each in sweep.findings}
    return replace(sweep, code={name: of_one[:_MOST_LINES] for name, of_one in lines.items() if of_one})


def _lines(shown: SweepFinding, known: Sequence[AuditFinding], *, folder: Path, cwd: Path) -> Iterator[AuditFinding]:
    """Yield what explains a finding, as the trial with the smallest plan shows it."""
    from harness.audit.confirm import explaining
    from harness.audit.observed import failures_of

    trial = folder / "trials" / shown.verdict.trial
    explained = (
        finding
        for failure in failures_of(shown.finding, shown.verdict, trial=trial)
        for finding in explaining(failure, known, cwd=cwd)
    )
    yield from dict.fromkeys(explained)
