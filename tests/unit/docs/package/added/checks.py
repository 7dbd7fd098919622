"""A check that crashproof does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import check
from harness.records.evidence import Evidence
from harness.records.verdict import Finding


@check("leaves-a-history")
def leaves_a_history(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A trial leaves at least one history."""
    if not evidence.histories:
        yield Finding(check="leaves-a-history", message="there is no history, expected one at least")
