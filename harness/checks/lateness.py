"""Lateness: what came too late, and whether a busy machine alone explains it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.evidence import Evidence
from harness.records.lag import lag_of
from harness.records.verdict import Finding


@dataclass(frozen=True, kw_only=True)
class Late:
    """A finding that does not stand where the rig's own lag explains it: the judgement is UNKNOWN then.

    Of several about one subject the first that stands is kept.

    Attributes:
        finding: The finding.
        over: By how many seconds something was too late.
        since: When the time began that was too long, in seconds since the epoch.
        until: When it ended.
        server: Whether a slow server can be to blame as well as a slow worker or door.
    """

    finding: Finding
    over: float
    since: float
    until: float
    server: bool = True


def excusable(finding: Finding, *, over: float, since: float, until: float) -> Finding | Late:
    """Return a finding of something that is late by so many seconds; as it is where it is not late but wrong: by 0."""
    return Late(finding=finding, over=over, since=since, until=until) if over else finding


def why_excused(late: Late, evidence: Evidence) -> str:
    """Say why something that was late shows nothing about the agent; an empty text where it does show something."""
    waited = lag_of(evidence.tape, since=late.since, until=late.until, server=late.server)
    if not waited or waited < late.over:
        return ""
    return (
        f"{late.finding.message}; but for {waited:.1f} s of that time the rig itself was kept waiting by a busy "
        "machine, which explains it"
    )


def heavy_lag(evidence: Evidence, *, share: float) -> str:
    """Say how long the machine kept a trial waiting, where that was this share of it; else return an empty text."""
    waited = lag_of(evidence.tape)
    took = evidence.tape[-1].at - evidence.tape[0].at if evidence.tape else 0.0
    if not waited or waited < share * took:
        return ""
    return f"a busy machine kept the rig waiting for {waited:.1f} s of {took:.1f} s"
