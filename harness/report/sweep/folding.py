"""Folding: findings of one trial that have one cause are shown as one block.

One cause have the findings of one check that the same entries show. And where a trial shows what went wrong, that its
workflow or its effects were then others, that it did not go on or was not given up cleanly is what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.finding import ReportedFinding

_CONSEQUENCES = ("workflow-ends-as-baseline", "effects-as-baseline", "recovers-in-time", "gives-up-cleanly")
"""Checks that look at what became of the whole trial: another finding of it, where there is one, says why."""


@dataclass(frozen=True)
class Block:
    """The findings of one cause, as a report shows them together.

    Attributes:
        first: The finding that is shown in full: the one that its check told first.
        also: The other findings with the same cause.
    """

    first: ReportedFinding
    also: tuple[ReportedFinding, ...] = ()

    @property
    def members(self) -> tuple[ReportedFinding, ...]:
        """All findings of the block."""
        return (self.first, *self.also)


def blocks(findings: Sequence[ReportedFinding]) -> list[Block]:
    """Return findings block by block, in the order in which the first of each block was given."""
    folded: list[Block] = []
    for each in sorted(findings, key=lambda finding: finding.check in _CONSEQUENCES):
        index = next((index for index, block in enumerate(folded) if _belongs(each, block)), None)
        if index is None:
            folded.append(Block(each))
        else:
            folded[index] = Block(folded[index].first, (*folded[index].also, each))
    order = {id(each): index for index, each in enumerate(findings)}
    return sorted(folded, key=lambda block: min(order[id(member)] for member in block.members))


def _belongs(finding: ReportedFinding, block: Block) -> bool:
    """Tell whether a finding has the cause of a block: what came of it, or the same check with an entry in common."""
    first = block.first
    if (finding.scenario, finding.trial, finding.severity) != (first.scenario, first.trial, first.severity):
        return False
    if finding.check in _CONSEQUENCES and finding.plan and finding.plan.strikes:
        return True
    if finding.check != first.check:
        return False
    shown = {entry for member in block.members for entry in _entries(member)}
    return not shown.isdisjoint(_entries(finding))


def _entries(finding: ReportedFinding) -> set[tuple[str, ...]]:
    """Return what names the entries that show a finding: the time and the process, or the event, of each."""
    return {entry.columns[:2] for entry in finding.evidence}
