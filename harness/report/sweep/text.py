"""The report as text: tables by scenario and fault, each finding with its evidence and the line that shows it again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Outcome, Verdict
from harness.report.clean import for_terminal
from harness.report.form import Form
from harness.report.phrases import number, plan_text, reproduce, why_unknown
from harness.report.sweep.by_fault import FaultTotal, nowhere, somewhere, totals
from harness.report.sweep.folding import Block, blocks
from harness.report.sweep.remarks import not_applicable, remarks, shared_notes

_EVIDENCE_SHOWN = 12
_WIDTH = 110


def text(swept: Sequence[SweepResult], *, folder: str = "") -> str:
    """Return the report of a run, ready for a terminal or a log.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    lines: list[str] = []
    for each in swept:
        for block in blocks(each.findings):
            lines += [*_block(block, folder), ""]
        for verdict in _unexplained(each):
            lines += [*_unknown(each, verdict, folder), ""]
    lines += _table(swept)
    found = totals(swept)
    if len(found) > 1:
        lines += ["", *_fault_table(found)]
        lines += [line for told in somewhere(swept, found) for line in _wrapped(told, first="", then="  ")]
    shared = shared_notes(swept)
    for each in swept:
        told = remarks(each, shared=shared, told=[each.fault for each in found] if len(found) > 1 else ())
        lines += ["", f"{each.scenario}:", *(line for remark in told for line in _item(remark))] if told else []
    lines += ["", *shared] if shared else []
    lines += ["", _summary(swept, folder)]
    return for_terminal("\n".join(lines))


def points(swept: Sequence[SweepResult]) -> str:
    """Return the list of points, one line each, as ``--list`` prints it."""
    lines: list[str] = []
    for each in swept:
        why = each.reason or (f"not applicable: {each.inapplicable}" if each.inapplicable else "")
        lines.append(f"{each.scenario}: {number(len(each.cuts), 'point')}" + (f" ({why})" if why else ""))
        several = len({cut.fault for cut in each.cuts}) > 1
        lines += [f"  {cut.strike if several else cut.point.id}" for cut in each.cuts]
        lines += [f"  {place} (in one of two undisturbed runs: not struck)" for place in each.unsteady]
        lines += [f"  {line}" for line in not_applicable(each.not_applicable)]
    return "\n".join(lines)


def _block(block: Block, folder: str) -> Iterator[str]:
    finding, verdict = block.first.finding, block.first.verdict
    yield f"{block.first.scenario} · {plan_text(verdict.plan)}"
    yield f"  FAIL  {finding.check}"
    yield f"    {finding.message}"
    yield from (f"      {entry}" for entry in finding.evidence[:_EVIDENCE_SHOWN])
    if len(finding.evidence) > _EVIDENCE_SHOWN:
        yield f"      … and {len(finding.evidence) - _EVIDENCE_SHOWN} more lines in verdict.json"
    yield from (f"    also: {other.finding.message}" for other in block.also)
    if len(block.first.trials) > 1:
        yield f"    Seen in {len(block.first.trials)} trials; this is the smallest plan."
    yield from _where(verdict.trial, folder)


def _unknown(swept: SweepResult, verdict: Verdict, folder: str) -> Iterator[str]:
    yield f"{swept.scenario} · {plan_text(verdict.plan)}"
    yield from (f"  UNKNOWN  {line}" for line in why_unknown(verdict))
    yield from _where(verdict.trial, folder)


def _where(trial: str, folder: str) -> Iterator[str]:
    if folder:
        yield f"    Evidence:        {folder}/trials/{trial}/"
    yield f"    Reproduce with:  {reproduce(trial)}"


def _unexplained(swept: SweepResult) -> list[Verdict]:
    return [verdict for verdict in swept.verdicts if verdict.outcome is Outcome.UNKNOWN]


def _table(swept: Sequence[SweepResult]) -> Iterator[str]:
    width = max([len("scenario"), *(len(each.scenario) for each in swept)])
    heads = f"{'trials':>7}{'passed':>8}{'failed':>8}{'unknown':>9}{'points':>9}{'time':>8}"
    yield f"{'scenario':<{width}}  {'outcome':<8}{heads}"
    for each in swept:
        if each.inapplicable:
            yield f"{each.scenario:<{width}}  not applicable: {each.inapplicable}"
            continue
        counts = [count(each.verdicts, kind) for kind in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)]
        struck = f"{len(each.struck)}/{each.known}"
        yield (
            f"{each.scenario:<{width}}  {each.outcome:<8}{len(each.verdicts):>7}{counts[0]:>8}{counts[1]:>8}"
            f"{counts[2]:>9}{struck:>9}{each.seconds:>7.1f}s"
        )


def _fault_table(found: Sequence[FaultTotal]) -> Iterator[str]:
    """Yield a row for each fault that was made, then why the others were not."""
    made = [each for each in found if not each.not_applicable]
    if made:
        width = max([len("fault"), *(len(each.fault) for each in made)])
        yield f"{'fault':<{width}}{'points':>10}{'passed':>8}{'failed':>8}{'unknown':>9}"
    for each in made:
        struck = f"{each.struck}/{each.known}"
        yield f"{each.fault:<{width}}{struck:>10}{each.passed:>8}{each.failed:>8}{each.unknown:>9}"
    for line in not_applicable(nowhere(found)):
        yield from _wrapped(line, first="", then="  ")


def _item(remark: str) -> list[str]:
    return _wrapped(remark, first="  - ", then="    ")


def _wrapped(line: str, *, first: str, then: str) -> list[str]:
    """Break a line between words, so that what is long stays readable; no word is broken."""
    return textwrap.wrap(
        line,
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(swept: Sequence[SweepResult], folder: str) -> str:
    verdicts = [verdict for each in swept for verdict in each.verdicts]
    struck, known = sum(len(each.struck) for each in swept), sum(each.known for each in swept)
    findings = sum(len(each.findings) for each in swept)
    told = f"{outcome(swept)}: {number(len(verdicts), 'trial')}, {struck} of {number(known, 'point')} struck"
    unreachable = sum(len(each.unreachable) for each in swept)
    told += f", {unreachable} unreachable" if unreachable else ""
    told += f", {number(findings, 'finding')}"
    return told + (f". Evidence: {folder}" if folder else "")


FORM = Form(file="report.txt", make=lambda report: text(report.sweeps, folder=report.place).encode() + b"\n")
