"""Trials in quiet: which trials that a busy machine may have disturbed are run again, and what they come to then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.records import store as folders
from harness.records.evidence import Evidence
from harness.records.verdict import Outcome, Verdict


def in_the_end(evidence: Evidence, *, folder: Path, judge: Callable[[Evidence], Verdict]) -> Verdict:
    """Return what a trial comes to, also in view of how it went under load before, where it did.

    Args:
        evidence: Its evidence.
        folder: Its folder.
        judge: Judges one trial by itself.
    """
    verdict, aside = judge(evidence), folders.under_load(folder)
    if not (aside / "trial.json").is_file():
        return verdict
    return after_quiet(judge(folders.load_evidence(aside)), verdict)


def after_quiet(loaded: Verdict, again: Verdict) -> Verdict:
    """Return what a trial came to that was run under load and then once more in quiet.

    What it comes to in quiet counts. Where a finding is not seen again it is not known whether the load made it, or a
    race that quiet hides: that is UNKNOWN.
    """
    if loaded.outcome is not Outcome.FAIL or again.outcome is not Outcome.PASS:
        return again
    seen = ", ".join(dict.fromkeys(finding.check for finding in loaded.findings))
    return replace(again, reason=f"unstable under load: it failed ({seen}) while {loaded.slow}, and passes in quiet")


def difference(loaded: Verdict, again: Verdict) -> str:
    """Say so where a trial comes to something else in quiet; an empty text where it does not."""
    if loaded.outcome is again.outcome:
        return ""
    return (
        f"Unstable under load: {loaded.plan} was {loaded.outcome} ({loaded.slow}) and is {again.outcome} in quiet; "
        f"the evidence under load is in under-load/{loaded.trial}."
    )


def found_undisturbed(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Return the ids of the findings that trials failed by which no busy machine disturbed."""
    return frozenset(finding for each in verdicts if not each.slow for finding in _failed_by(each))


def is_confirmed(loaded: Verdict, undisturbed: Iterable[str]) -> bool:
    """Tell whether a trial that failed under load need not be run again: what it failed by is no work of the load.

    A trial without a strike is run again all the same, since others are compared with it.

    Args:
        loaded: What it came to.
        undisturbed: As ``found_undisturbed`` returns, of trials of the same scenario.
    """
    failed = loaded.struck and bool(loaded.plan.strikes) and loaded.outcome is Outcome.FAIL
    excused = any(judgement.excused for judgement in loaded.judgements)
    return failed and not excused and _failed_by(loaded) <= frozenset(undisturbed)


def tried_first(loaded: Sequence[Verdict]) -> list[Verdict]:
    """Return those that are run again before the others, which what they come to may confirm: of each failure one."""
    first: dict[tuple[object, ...], Verdict] = {}
    for each in loaded:
        by = (frozenset(_failed_by(each)),) if each.plan.strikes and _failed_by(each) else (each.trial,)
        first.setdefault(by, each)
    return list(first.values())


def _failed_by(verdict: Verdict) -> set[str]:
    return {
        finding.id
        for judgement in verdict.judgements
        if judgement.outcome is Outcome.FAIL
        for finding in judgement.findings
    }
