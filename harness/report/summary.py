"""The report as Markdown: what a pull request or a job summary shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.foreign import for_code_span, for_markdown
from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Outcome
from harness.report.finding import Report
from harness.report.form import Form
from harness.report.phrases import plan_text, reproduce_trial
from harness.report.sweep.by_fault import FaultTotal, grouped, listed, nowhere, somewhere, totals
from harness.report.sweep.folding import Block, blocks
from harness.report.sweep.remarks import command_for_the_rest, conditions
from harness.report.sweep.source import Reproduce, findings_of, worst_first

_BLOCKS_SHOWN = 20


def summary(sweeps: Sequence[SweepResult], *, folder: str = "", reproduce: Reproduce = reproduce_trial) -> str:
    """Return the report of a run as Markdown, findings first.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder, as the user would type it.
        reproduce: Returns the command that runs a trial again.
    """
    folded = blocks(worst_first(finding for each in sweeps for finding in findings_of(each, reproduce=reproduce)))
    lines = [f"## crashproof: {outcome(sweeps)}", ""]
    lines += [part for line in conditions(sweeps) for part in (for_markdown(line), "")]
    for block in folded[:_BLOCKS_SHOWN]:
        lines += [*_block(block), ""]
    more = sum(len(block.members) for block in folded[_BLOCKS_SHOWN:])
    if more:
        lines += [f"… and {more} more findings.", ""]
    lines += _table(sweeps)
    by_fault = totals(sweeps)
    if len(by_fault) > 1:
        lines += ["", *_fault_table(by_fault)]
        lines += [line for where in somewhere(sweeps, by_fault) for line in ("", for_markdown(where))]
    rest = command_for_the_rest(sweeps, folder)
    lines += ["", f"The rest is run by {for_code_span(rest)}"] if rest else []
    return "\n".join([*lines, "", f"Evidence: {for_code_span(folder)}", ""])


def findings_summary(report: Report) -> str:
    """Return a report of any command as Markdown: its findings, then what limits it.

    Args:
        report: The report.
    """
    lines = [f"## crashproof {report.kind}: {report.outcome}", "", for_markdown(report.headline), ""]
    for finding in report.counted[:_BLOCKS_SHOWN]:
        grade = f" ({finding.grade})" if finding.grade else ""
        lines += [
            f"**{for_markdown(finding.scenario)}**: {for_code_span(finding.rule_id)}{grade}: "
            f"{for_markdown(finding.message)}  ",
            *(f"{for_markdown(remark)}  " for remark in finding.remarks),
            f"Reproduce with {for_code_span(finding.reproduce)}",
            "",
        ]
    if more := len(report.counted) - _BLOCKS_SHOWN:
        lines += [f"… and {more} more findings.", ""] if more > 0 else []
    lines += [f"- {for_markdown(limit.text)}" for limit in report.limits]
    return "\n".join([*lines, "", *([f"Evidence: {for_code_span(report.folder)}", ""] if report.folder else [])])


def _block(block: Block) -> Iterator[str]:
    finding = block.first
    plan = f": {for_markdown(plan_text(finding.plan))}" if finding.plan else ""
    yield f"**{for_markdown(finding.scenario)}**{plan}  "
    yield f"{for_code_span(finding.check)} ({finding.severity}): {for_markdown(finding.message)}  "
    yield from (f"also: {for_markdown(other.message)}  " for other in block.also)
    yield from (f"{for_markdown(remark)}  " for remark in finding.remarks)
    yield f"Reproduce with {for_code_span(finding.reproduce)}"


def _table(sweeps: Sequence[SweepResult]) -> Iterator[str]:
    yield "| scenario | outcome | trials | failed | unknown | points struck |"
    yield "|---|---|---|---|---|---|"
    for each in sweeps:
        if each.inapplicable:
            yield f"| {for_markdown(each.scenario)} | not applicable: {for_markdown(each.inapplicable)} | | | | |"
            continue
        failed, unknown = count(each.verdicts, Outcome.FAIL), count(each.verdicts, Outcome.UNKNOWN)
        yield _row(each.scenario, each.outcome, len(each.verdicts), failed, unknown, f"{len(each.struck)}/{each.known}")


def _fault_table(by_fault: Sequence[FaultTotal]) -> Iterator[str]:
    """Yield a row for each fault that was made, then why the others were not."""
    made = [each for each in by_fault if not each.not_applicable]
    if made:
        yield "| fault | points struck | passed | failed | unknown |"
        yield "|---|---|---|---|---|"
    for each in made:
        yield _row(each.fault, f"{each.struck}/{each.known}", each.passed, each.failed, each.unknown)
    for reason, names in grouped(nowhere(by_fault)).items():
        yield ""
        yield f"not applicable: {listed(names)}: {for_markdown(reason)}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(for_markdown(str(cell)) for cell in cells)} |"


FORM = Form(file="summary.md", make=lambda run: summary(run.sweeps, folder=run.place, reproduce=run.reproduce).encode())
