"""What a run came to fault by fault: points struck, trials judged, or why the fault could not be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness import faults
from harness.records.sweep_result import SweepResult, count
from harness.records.verdict import Outcome, Verdict

_SCENARIOS_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class FaultTotal:
    """What the strikes of one fault came to: points struck, trials judged, and their outcomes.

    Attributes:
        fault: Its name.
        known: Points at which it was to be made.
        struck: Points at which it was made.
        unreachable: Points that one run showed and a later one did not reach again.
        passed: Trials whose last strike is of this fault, and that passed.
        failed: Likewise.
        unknown: Likewise.
        not_applicable: Why it could be made nowhere; empty if it could be made in one of the scenarios.
    """

    fault: str
    known: int = 0
    struck: int = 0
    unreachable: int = 0
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: str = ""

    @property
    def family(self) -> str:
        """The family of the fault."""
        return faults.named(self.fault).family


def totals(sweeps: Sequence[SweepResult]) -> tuple[FaultTotal, ...]:
    """Return what each fault of a run came to over all its scenarios, in the order in which faults are listed.

    A trial counts once: for the fault of its last strike, which is the one that it was made for. Undisturbed trials
    count for none.
    """
    verdicts = _verdicts(sweeps)
    return tuple(
        total
        for name in (fault.name for fault in faults.listed())
        if (total := _total(name, sweeps, verdicts.get(name, [])))
    )


def grouped(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Return each reason with the names of the faults that share it."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return names


def listed(names: Sequence[str]) -> str:
    """Return the names of faults as a list, in which a family that is there in full stands for its faults."""
    words: dict[str, None] = {}
    for name in names:
        family = faults.named(name).family
        members = [fault.name for fault in faults.listed() if fault.family == family]
        whole = len(members) > 1 and set(members) <= set(names)
        words[f"every {family} fault" if whole else name] = None
    return ", ".join(words)


def nowhere(by_fault: Iterable[FaultTotal]) -> dict[str, str]:
    """Return the faults that could be made in no scenario, by name, with the reason."""
    return {each.fault: each.not_applicable for each in by_fault if each.not_applicable}


def somewhere(sweeps: Sequence[SweepResult], by_fault: Iterable[FaultTotal]) -> list[str]:
    """Return why faults cannot be made in some of the scenarios, one line for each reason and scenarios in question."""
    made = {each.fault for each in by_fault if not each.not_applicable}
    scenarios: dict[tuple[str, str], list[str]] = {}
    for each in sweeps:
        reasons = {name: reason for name, reason in each.not_applicable.items() if name in made}
        for reason, names in grouped(reasons).items():
            scenarios.setdefault((reason, listed(names)), []).append(each.scenario)
    return [
        f"not applicable in {_some(where, len(sweeps))}: {names}: {reason}"
        for (reason, names), where in scenarios.items()
    ]


def _some(scenarios: Sequence[str], of: int) -> str:
    few = len(scenarios) <= _SCENARIOS_NAMED
    return ", ".join(scenarios) if few else f"{len(scenarios)} of {of} scenarios"


def _verdicts(sweeps: Sequence[SweepResult]) -> dict[str, list[Verdict]]:
    by_fault: dict[str, list[Verdict]] = {}
    for verdict in (verdict for each in sweeps for verdict in each.of_cuts):
        strikes = verdict.plan.strikes
        if strikes:
            by_fault.setdefault(strikes[-1].fault, []).append(verdict)
    return by_fault


def _total(name: str, sweeps: Sequence[SweepResult], verdicts: Sequence[Verdict]) -> FaultTotal | None:
    """Return what a fault came to, or None where the run has nothing to do with it."""
    points = [_points(name, each) for each in sweeps]
    known, struck, unreachable = (sum(numbers) for numbers in zip(*points, strict=True)) if points else (0, 0, 0)
    reasons = dict.fromkeys(each.not_applicable[name] for each in sweeps if name in each.not_applicable)
    if verdicts or known or struck or unreachable:
        return FaultTotal(
            fault=name,
            known=known,
            struck=struck,
            unreachable=unreachable,
            passed=count(verdicts, Outcome.PASS),
            failed=count(verdicts, Outcome.FAIL),
            unknown=count(verdicts, Outcome.UNKNOWN),
        )
    return FaultTotal(fault=name, not_applicable="; ".join(reasons)) if reasons else None


def _points(name: str, sweep: SweepResult) -> tuple[int, int, int]:
    """Return how many points of a scenario a fault knew, struck, and did not reach again."""
    struck = sum(1 for strike in sweep.struck if strike.fault == name)
    unreachable = sum(1 for strike in sweep.unreachable if strike.fault == name)
    known = sum(1 for cut in sweep.cuts if cut.fault == name) - unreachable
    return max(known, struck), struck, unreachable
