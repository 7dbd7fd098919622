"""What a limit left untried, in words."""

from __future__ import annotations

from collections import Counter

from harness.records.sweep_result import SweepResult


def left_in_words(result: SweepResult) -> list[str]:
    """Say of which faults a limit left points untried, in a sentence; none where it left none."""
    left = Counter(strike.fault for strike in result.untried) if result.limit else Counter[str]()
    parts = [f"{count} of {fault}" for fault, count in left.most_common()]
    return [f"Points that were left to try: {', '.join(parts)}."] if parts else []
