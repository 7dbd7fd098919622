"""A check is a name, the first line of its generator's docstring, and the generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.check import check
from harness.records.evidence import Evidence
from harness.records.verdict import Finding


def test_a_check_is_made_of_a_generator() -> None:
    @check("all-is-well")
    def all_is_well(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
        """All is well.

        What follows is for readers of the code.
        """
        yield from ()

    assert (all_is_well.name, all_is_well.property, all_is_well.needed) == ("all-is-well", "All is well.", False)
