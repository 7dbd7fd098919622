"""Folding: findings of one check that the same entries of one trial show have one cause, and are shown as one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.sweep_result import SweepFinding


@dataclass(frozen=True)
class Block:
    """One cause, as a report shows it.

    Attributes:
        first: The finding that is shown in full: the one that its check told first.
        also: The other findings with the same cause.
    """

    first: SweepFinding
    also: tuple[SweepFinding, ...] = ()

    @property
    def members(self) -> tuple[SweepFinding, ...]:
        """All findings of the block."""
        return (self.first, *self.also)


def blocks(found: Sequence[SweepFinding]) -> list[Block]:
    """Return findings block by block, in the order of the first of each."""
    folded: list[Block] = []
    for each in found:
        place = next((place for place, block in enumerate(folded) if _belongs(each, block)), None)
        if place is None:
            folded.append(Block(each))
        else:
            folded[place] = Block(folded[place].first, (*folded[place].also, each))
    return folded


def _belongs(found: SweepFinding, block: Block) -> bool:
    """Tell whether a finding is about what a block is about: same scenario, trial, check, and an entry in common."""
    first = block.first
    if (found.scenario, found.verdict.trial, found.finding.check) != (
        first.scenario,
        first.verdict.trial,
        first.finding.check,
    ):
        return False
    shown = {entry for member in block.members for entry in _entries(member)}
    return not shown.isdisjoint(_entries(found))


def _entries(found: SweepFinding) -> set[tuple[str, ...]]:
    """Return what names the entries that show a finding: the time and the process, or the event, of each."""
    return {entry.columns[:2] for entry in found.finding.evidence}
