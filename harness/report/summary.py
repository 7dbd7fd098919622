"""The report as Markdown: what a pull request or a job summary shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.document import reproduce
from harness.report.text import plan_text
from harness.swept import Found, Swept, count, outcome
from harness.verdict import Outcome

_FINDINGS_SHOWN = 20


def summary(swept: Sequence[Swept], *, folder: str = "") -> str:
    """Return the report of a run as Markdown, findings first.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    found = [finding for each in swept for finding in each.findings]
    lines = [f"## crashproof: {outcome(swept)}", ""]
    for finding in found[:_FINDINGS_SHOWN]:
        lines += [*_finding(finding), ""]
    if len(found) > _FINDINGS_SHOWN:
        lines += [f"… and {len(found) - _FINDINGS_SHOWN} more findings.", ""]
    lines += ["| scenario | outcome | trials | failed | unknown | points struck |", "|---|---|---|---|---|---|"]
    for each in swept:
        failed, unknown = count(each.verdicts, Outcome.FAIL), count(each.verdicts, Outcome.UNKNOWN)
        cells = (each.scenario, each.outcome, len(each.verdicts), failed, unknown, f"{len(each.struck)}/{each.known}")
        lines.append("| " + " | ".join(_cell(str(cell)) for cell in cells) + " |")
    return "\n".join([*lines, "", f"Evidence: `{folder}`", ""])


def _finding(found: Found) -> Iterator[str]:
    yield f"**{_cell(found.scenario)}**: {_cell(plan_text(found.verdict.plan))}  "
    yield f"`{found.finding.check}`: {_cell(found.finding.message)}  "
    yield f"Reproduce with `{reproduce(found.verdict.trial)}`"


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    for sign in "\\`*_<>|[]":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
