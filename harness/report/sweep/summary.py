"""The report as Markdown: what a pull request or a job summary shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.sweep_result import SweepResult, count, outcome
from harness.records.verdict import Outcome
from harness.report.form import Form
from harness.report.phrases import plan_text, reproduce
from harness.report.sweep.by_fault import FaultTotal, grouped, listed, nowhere, somewhere, totals
from harness.report.sweep.folding import Block, blocks

_BLOCKS_SHOWN = 20


def summary(swept: Sequence[SweepResult], *, folder: str = "") -> str:
    """Return the report of a run as Markdown, findings first.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    folded = [block for each in swept for block in blocks(each.findings)]
    lines = [f"## crashproof: {outcome(swept)}", ""]
    for block in folded[:_BLOCKS_SHOWN]:
        lines += [*_block(block), ""]
    more = sum(len(block.members) for block in folded[_BLOCKS_SHOWN:])
    if more:
        lines += [f"… and {more} more findings.", ""]
    lines += _table(swept)
    found = totals(swept)
    if len(found) > 1:
        lines += ["", *_fault_table(found)]
        lines += [line for told in somewhere(swept, found) for line in ("", _cell(told))]
    return "\n".join([*lines, "", f"Evidence: `{folder}`", ""])


def _block(block: Block) -> Iterator[str]:
    found = block.first
    yield f"**{_cell(found.scenario)}**: {_cell(plan_text(found.verdict.plan))}  "
    yield f"`{found.finding.check}`: {_cell(found.finding.message)}  "
    yield from (f"also: {_cell(other.finding.message)}  " for other in block.also)
    yield f"Reproduce with `{reproduce(found.verdict.trial)}`"


def _table(swept: Sequence[SweepResult]) -> Iterator[str]:
    yield "| scenario | outcome | trials | failed | unknown | points struck |"
    yield "|---|---|---|---|---|---|"
    for each in swept:
        if each.inapplicable:
            yield f"| {_cell(each.scenario)} | not applicable: {_cell(each.inapplicable)} | | | | |"
            continue
        failed, unknown = count(each.verdicts, Outcome.FAIL), count(each.verdicts, Outcome.UNKNOWN)
        yield _row(each.scenario, each.outcome, len(each.verdicts), failed, unknown, f"{len(each.struck)}/{each.known}")


def _fault_table(found: Sequence[FaultTotal]) -> Iterator[str]:
    """Yield a row for each fault that was made, then why the others were not."""
    made = [each for each in found if not each.not_applicable]
    if made:
        yield "| fault | points struck | passed | failed | unknown |"
        yield "|---|---|---|---|---|"
    for each in made:
        yield _row(each.fault, f"{each.struck}/{each.known}", each.passed, each.failed, each.unknown)
    for reason, names in grouped(nowhere(found)).items():
        yield ""
        yield f"not applicable: {listed(names)}: {_cell(reason)}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(_cell(str(cell)) for cell in cells)} |"


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    for sign in "\\`*_<>|[]":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


FORM = Form(file="summary.md", make=lambda report: summary(report.sweeps, folder=report.place).encode())
