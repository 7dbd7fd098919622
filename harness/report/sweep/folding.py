"""Folding: findings of one check that the same entries of one trial show have one cause, and are shown as one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.finding import ReportedFinding


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
    """Return findings block by block, in the order of the first of each."""
    folded: list[Block] = []
    for each in findings:
        index = next((index for index, block in enumerate(folded) if _belongs(each, block)), None)
        if index is None:
            folded.append(Block(each))
        else:
            folded[index] = Block(folded[index].first, (*folded[index].also, each))
    return folded


def _belongs(finding: ReportedFinding, block: Block) -> bool:
    """Tell whether a finding is about what a block is about: same scenario, trial, check, and an entry in common."""
    first = block.first
    if (finding.scenario, finding.trial, finding.check) != (first.scenario, first.trial, first.check):
        return False
    shown = {entry for member in block.members for entry in _entries(member)}
    return not shown.isdisjoint(_entries(finding))


def _entries(finding: ReportedFinding) -> set[tuple[str, ...]]:
    """Return what names the entries that show a finding: the time and the process, or the event, of each."""
    return {entry.columns[:2] for entry in finding.evidence}
