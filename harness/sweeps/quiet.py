"""Trials in quiet: what a trial that a busy machine may have disturbed comes to when it is run again."""

from __future__ import annotations

from collections.abc import Callable
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
