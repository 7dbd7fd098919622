"""Verdicts of single trials, which no sweep runs again in quiet where a busy machine made them UNKNOWN."""

from __future__ import annotations

from harness.records.verdict import Outcome, Verdict


def passes(verdict: Verdict) -> bool:
    """Tell whether a right worker passes: nothing is found, and what is not told a busy machine alone is to blame for.

    Where nothing is slow that is PASS, and so it is of a whole sweep.
    """
    return verdict.outcome is Outcome.PASS or (verdict.outcome is Outcome.UNKNOWN and bool(verdict.slow))
