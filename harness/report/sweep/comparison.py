"""Two runs compared: which findings are new, which are mended, and which are there still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.foreign import for_line
from harness.records.sweep_result import SweepFinding, SweepResult


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """What a run found beside an earlier one. A finding is the same if scenario, check and subject are.

    Attributes:
        new: Findings that the earlier run does not have.
        mended: Findings of the earlier run that this one looked for and does not have.
        still: Findings of both, as this run has them.
        not_looked_for: Findings of the earlier run whose scenario this one does not have, or did not finish.
    """

    new: tuple[SweepFinding, ...] = ()
    mended: tuple[SweepFinding, ...] = ()
    still: tuple[SweepFinding, ...] = ()
    not_looked_for: tuple[SweepFinding, ...] = ()

    @property
    def groups(self) -> Mapping[str, tuple[SweepFinding, ...]]:
        """The findings by what became of them, the worst news first."""
        return {
            "new": self.new,
            "still there": self.still,
            "not looked for": self.not_looked_for,
            "mended": self.mended,
        }


def compared(sweeps: Sequence[SweepResult], earlier: Sequence[SweepResult]) -> RunComparison:
    """Compare what two runs came to.

    A finding counts as mended only where the sweep of its scenario was finished: one that ended early has not looked.

    Args:
        sweeps: What each scenario came to.
        earlier: The same of an earlier run.
    """
    before = {_key(finding): finding for each in earlier for finding in each.findings}
    now = {_key(finding): finding for each in sweeps for finding in each.findings}
    finished = {each.scenario for each in sweeps if not (each.reason or each.untried or each.inapplicable)}
    gone = [finding for key, finding in before.items() if key not in now]
    return RunComparison(
        new=tuple(finding for key, finding in now.items() if key not in before),
        mended=tuple(finding for finding in gone if finding.scenario in finished),
        still=tuple(finding for key, finding in now.items() if key in before),
        not_looked_for=tuple(finding for finding in gone if finding.scenario not in finished),
    )


def comparison_text(comparison: RunComparison, *, earlier: str) -> str:
    """Return a comparison, ready for a terminal: a line for each finding, and one that counts them.

    Args:
        comparison: The comparison.
        earlier: The earlier run, as the user would type it.
    """
    return "\n".join(map(for_line, [*_lines(comparison), _counts(comparison, earlier)]))


def comparison_row(comparison: RunComparison, *, earlier: str) -> dict[str, Any]:
    """Return a comparison as documents hold it.

    Args:
        comparison: The comparison.
        earlier: The earlier run, as the user would type it.
    """
    groups = {name.replace(" ", "_"): [_row(each) for each in findings] for name, findings in comparison.groups.items()}
    return {"with": earlier, **groups}


def _lines(comparison: RunComparison) -> Iterator[str]:
    for name, findings in comparison.groups.items():
        for each in findings:
            said = f"{each.scenario}: {each.finding.check}: {each.finding.message} ({each.finding.how_bad})"
            yield f"{name:<15} {said}"


def _counts(comparison: RunComparison, earlier: str) -> str:
    counts = ", ".join(f"{len(findings)} {name}" for name, findings in comparison.groups.items())
    return f"Compared with {earlier}: {counts}."


def _row(seen: SweepFinding) -> dict[str, Any]:
    return {
        "id": seen.finding.id,
        "check": seen.finding.check,
        "scenario": seen.scenario,
        "severity": seen.finding.how_bad,
        "message": seen.finding.message,
        "trial": seen.verdict.trial,
    }


def _key(seen: SweepFinding) -> tuple[str, str]:
    return seen.scenario, seen.finding.id
