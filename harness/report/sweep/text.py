"""The report of sweeps as text: findings with what shows them, tables by scenario and fault, what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.foreign import for_terminal
from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Outcome, Verdict
from harness.report.finding import ReportedFinding
from harness.report.form import Form, RunReport
from harness.report.phrases import code_place, number, plan_text, reproduce_trial, why_unknown
from harness.report.sweep.by_fault import FaultTotal, nowhere, somewhere, totals
from harness.report.sweep.folding import Block, blocks
from harness.report.sweep.remarks import command_for_the_rest, conditions, not_applicable, remarks, shared_notes
from harness.report.sweep.source import Reproduce, findings_of, headline, unexplained, worst_first
from harness.report.text import Column, finding_block, named_column, table, wrapped

_EVIDENCE_SHOWN = 12
WIDTH = 110
"""Columns of a report that goes to a file."""

_LABEL = 17  # columns that ``Reproduce with:`` takes
_INDENT = 4  # columns in front of it


def text(
    sweeps: Sequence[SweepResult], *, folder: str = "", reproduce: Reproduce = reproduce_trial, width: int = WIDTH
) -> str:
    """Return the report of a run, ready for a terminal or a log.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder, as the user would type it.
        reproduce: Returns the command that runs a trial again.
        width: How many columns there are.
    """
    lines = [part for line in conditions(sweeps) for part in [*wrapped(line, width, indent="  ", first=""), ""]]
    unknown = [verdict for each in sweeps for verdict in unexplained(each)]
    # What makes the whole unknown comes before what was found.
    for verdict in (each for each in unknown if not each.plan.strikes):
        lines += [*_unknown(verdict, folder, reproduce), ""]
    explained: set[tuple[str, str]] = set()
    for block in blocks(worst_first(each for sweep in sweeps for each in findings_of(sweep, reproduce=reproduce))):
        remarks_of = (block.first.why, block.first.fix)
        lines += [*_block(block, folder, width, explained=remarks_of in explained), ""]
        explained.add(remarks_of)
    for verdict in (each for each in unknown if each.plan.strikes):
        lines += [*_unknown(verdict, folder, reproduce), ""]
    lines += _table(sweeps)
    by_fault = totals(sweeps)
    if len(by_fault) > 1:
        lines += ["", *_fault_table(by_fault, width)]
        lines += [
            line for where in somewhere(sweeps, by_fault) for line in wrapped(where, width, indent="  ", first="")
        ]
    lines += _remarks(sweeps, width, said=[each.fault for each in by_fault] if len(by_fault) > 1 else [])
    rest = command_for_the_rest(sweeps, folder)
    lines += ["", f"The rest is run by: {rest}"] if rest else []
    return for_terminal("\n".join([*lines, "", _last(sweeps, folder)]))


def points(sweeps: Sequence[SweepResult]) -> str:
    """Return the list of points, one line each, as ``--list`` prints it."""
    lines: list[str] = []
    for each in sweeps:
        why = each.reason or (f"not applicable: {each.inapplicable}" if each.inapplicable else "")
        lines.append(f"{each.scenario}: {number(len(each.cuts), 'point')}" + (f" ({why})" if why else ""))
        several = len({cut.fault for cut in each.cuts}) > 1
        lines += [f"  {cut.strike if several else cut.point.id}" for cut in each.cuts]
        lines += _pairs_asked(each)
        lines += [f"  {place} (in one of two undisturbed runs: not struck)" for place in each.unsteady]
        lines += [f"  {line}" for line in not_applicable(each.not_applicable)]
    return "\n".join(lines)


def _pairs_asked(sweep: SweepResult) -> list[str]:
    """Say how many pairs will be tried, which only the recoveries from the first strikes of a run show."""
    if not (sweep.pairs_asked and sweep.cuts):
        return []
    pairs = number(sweep.pairs_asked, "pair")
    return [f"  and at most {pairs} of strikes: one of these, then one at a point that its recovery comes to again"]


def _block(block: Block, folder: str, width: int, *, explained: bool) -> Iterator[str]:
    finding = block.first
    more = len(finding.evidence) - _EVIDENCE_SHOWN
    cut = [f"… and {more} more lines in verdict.json"] if more > 0 else []
    also = [f"also: {other.message}" for other in block.also]
    trials = len(finding.trials)
    seen = [f"Seen in {trials} trials; this is the smallest plan."] if trials > 1 else []
    return finding_block(
        title=f"{finding.scenario} · {plan_text(finding.plan)}" if finding.plan else finding.scenario,
        verdicts=[_word(finding)],
        message=finding.message,
        shown=[*finding.evidence[:_EVIDENCE_SHOWN], *cut],
        notes=[*also, *seen, *_code(finding), *([] if explained else _remarks_of(finding, width))],
        evidence=f"{folder}/trials/{finding.trial}/" if folder else "",
        reproduce=finding.reproduce,
    )


def _word(finding: ReportedFinding) -> tuple[str, str]:
    """Return ``FAIL`` and the check with how bad it is; where it does not fail, how bad it is stands in front."""
    return (
        ("FAIL", f"{finding.check} ({finding.severity})") if finding.fails else (f"{finding.severity}", finding.check)
    )


def _code(finding: ReportedFinding) -> Iterator[str]:
    """Yield the lines of code that explain a finding: the place of each, then the line as it stands there."""
    for each in finding.code:
        yield f"{'Code:':<{_LABEL}}{code_place(each)}"
        if each.text.strip():
            yield " " * _LABEL + each.text.strip()


def _remarks_of(finding: ReportedFinding, width: int) -> Iterator[str]:
    for label, remark in (("Why:", finding.why), ("Fix:", finding.fix)):
        if remark:
            yield from wrapped(remark, width - _INDENT, indent=" " * _LABEL, first=f"{label:<{_LABEL}}")


def _unknown(verdict: Verdict, folder: str, reproduce: Reproduce) -> Iterator[str]:
    return finding_block(
        title=f"{verdict.scenario} · {plan_text(verdict.plan)}",
        verdicts=[("UNKNOWN", line) for line in why_unknown(verdict)],
        evidence=f"{folder}/trials/{verdict.trial}/" if folder else "",
        reproduce=reproduce(verdict.trial),
    )


def _table(sweeps: Sequence[SweepResult]) -> Iterator[str]:
    columns = [
        named_column("scenario", (each.scenario for each in sweeps)),
        Column("outcome", 8, left=True),
        *(Column(title, 7 if title == "trials" else 8) for title in ("trials", "passed", "failed")),
        *(Column("unknown", 9), Column("points", 9), Column("time", 8)),
    ]
    return table(columns, [_row(each) for each in sweeps])


def _row(sweep: SweepResult) -> list[object]:
    if sweep.inapplicable:
        return [sweep.scenario, f"not applicable: {sweep.inapplicable}"]
    counts = [count(sweep.verdicts, kind) for kind in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)]
    struck = f"{len(sweep.struck)}/{sweep.known}"
    return [sweep.scenario, sweep.outcome, len(sweep.verdicts), *counts, struck, f"{sweep.seconds:.1f}s"]


def _fault_table(by_fault: Sequence[FaultTotal], width: int) -> Iterator[str]:
    """Yield a row for each fault that was made, then why the others were not."""
    made = [each for each in by_fault if not each.not_applicable]
    if made:
        names = named_column("fault", (each.fault for each in made), gap=0)
        columns = [names, Column("points", 10), Column("passed", 8), Column("failed", 8), Column("unknown", 9)]
        yield from table(
            columns,
            [(each.fault, f"{each.struck}/{each.known}", each.passed, each.failed, each.unknown) for each in made],
        )
    for line in not_applicable(nowhere(by_fault)):
        yield from wrapped(line, width, indent="  ", first="")


def _remarks(sweeps: Sequence[SweepResult], width: int, *, said: Sequence[str]) -> Iterator[str]:
    """Yield the remarks on each scenario, then those that hold for all.

    Args:
        sweeps: What each scenario came to.
        width: How many columns there are.
        said: Faults of which it is already said why they are not applicable.
    """
    shared = shared_notes(sweeps)
    for each in sweeps:
        if lines := remarks(each, shared=shared, said=said):
            yield from ("", f"{each.scenario}:")
            yield from (part for line in lines for part in wrapped(line, width, indent="    ", first="  - "))
    if shared:
        yield ""
        yield from (part for line in shared for part in wrapped(line, width, indent="  ", first=""))


def _last(sweeps: Sequence[SweepResult], folder: str) -> str:
    return f"{outcome(sweeps)}: {headline(sweeps)}" + (f". Evidence: {folder}" if folder else "")


def _file(run: RunReport) -> bytes:
    return text(run.sweeps, folder=run.place, reproduce=run.reproduce).encode() + b"\n"


FORM = Form(file="report.txt", make=_file)
