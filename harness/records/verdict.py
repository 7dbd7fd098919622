"""Verdicts: what the checks say of one trial. Outcomes order PASS < UNKNOWN < FAIL and compose by the worst.

How bad a finding is says its ``Severity``. What is at least as bad as the user asked for (``--fail-on``, by default
broken) makes a judgement FAIL; what is less bad is told, and fails nothing.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from harness.records.plan import Plan


class Outcome(StrEnum):
    """What is known of a property: it held, it cannot be told, it broke."""

    PASS = "PASS"
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"

    @property
    def rank(self) -> int:
        """Return 0 for PASS, 1 for UNKNOWN, 2 for FAIL."""
        return _RANKS[self]

    @property
    def exit_status(self) -> int:
        """Return the exit status of a command that ends with it: 0, 3 or 1."""
        return {Outcome.PASS: 0, Outcome.UNKNOWN: 3, Outcome.FAIL: 1}[self]


_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Severity(StrEnum):
    """How bad what a finding shows is: a promise broke, it will break, or it only costs too much."""

    BROKEN = "broken"
    """Work was lost, done twice, done wrong, or is stuck."""
    RISKY = "risky"
    """It held here, and is declared so that it will break: retries without end, a hang unnoticed for hours."""
    WASTEFUL = "wasteful"
    """It works and costs too much: a refusal asked again, a time to wait not heeded, tokens billed twice."""

    @property
    def rank(self) -> int:
        """Return 2 for broken, 1 for risky, 0 for wasteful."""
        return {Severity.WASTEFUL: 0, Severity.RISKY: 1, Severity.BROKEN: 2}[self]

    def fails(self, fail_on: Severity) -> bool:
        """Tell whether a finding of it fails where this is what fails at least."""
        return self.rank >= fail_on.rank


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst outcome; of none at all UNKNOWN, for nothing was shown."""
    return max(outcomes, key=_RANKS.__getitem__, default=Outcome.UNKNOWN)


def clock(at: float) -> str:
    """Return a time in seconds since the epoch as the time of day in UTC, as entries have it: ``12:04:31.207``."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


@dataclass(frozen=True)
class EvidenceEntry:
    """One entry that shows a finding: a message at a door, an act of crashproof, an event of a history.

    Attributes:
        at: Time of day in UTC, ``12:04:31.207``; empty where none is known.
        source: What it is of: ``worker 22863``, ``event 5 ACTIVITY_TASK_STARTED``; empty where that is not known.
        words: What else is to be said of it, column by column: ``attempt 2``, ``OK``.
    """

    at: str = ""
    source: str = ""
    words: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All that it says, column by column; the first two name it among the entries of its trial."""
        return (*(part for part in (self.at, self.source) if part), *self.words)

    def __str__(self) -> str:
        return "  ".join(self.columns)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One broken promise, with what shows it.

    Attributes:
        check: Name of the check.
        message: What was expected and what was seen, in one line.
        subject: What it is about, apart from this trial's numbers and times: findings of one check and subject are
            one finding seen in several trials. An activity type, an effect's name, a workflow type.
        evidence: The entries that show it.
        severity: How bad it is; None as long as the check's own word for it stands.
        why: Why it matters; filled in from the check where the finding has no words of its own.
        fix: How to mend it; likewise.
    """

    check: str
    message: str
    subject: str = ""
    evidence: tuple[EvidenceEntry, ...] = ()
    severity: Severity | None = None
    why: str = ""
    fix: str = ""

    @property
    def how_bad(self) -> Severity:
        """How bad it is: broken where nobody says that it is less."""
        return self.severity or Severity.BROKEN

    @property
    def id(self) -> str:
        """Six hex digits of check and subject: the same in every run."""
        return hashlib.blake2s(
            f"{self.check}\n{self.subject}".encode(errors="surrogatepass"), digest_size=3
        ).hexdigest()


@dataclass(frozen=True, kw_only=True)
class TimeTaken:
    """How long something took that has a bound, in seconds.

    Attributes:
        took: How long it took.
        allowed: How long it might have taken.
    """

    took: float
    allowed: float


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one check says of one trial.

    Attributes:
        check: Name of the check.
        outcome: None where the check is not applicable: there is nothing of the kind it looks at.
        reason: Why it is UNKNOWN or not applicable.
        findings: What breaks it. FAIL if one of them is bad enough to fail; else they are told beside a PASS.
        excused: Whether something came too late that a busy machine explains, so that it shows nothing.
        times: How long took what the check holds against a bound, and what it allowed.
    """

    check: str
    outcome: Outcome | None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    excused: bool = False
    times: tuple[TimeTaken, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all checks say of one trial.

    Attributes:
        trial: Id of the trial.
        scenario: Name of the scenario.
        plan: The plan.
        struck: Whether every planned strike was made while the workflow was open.
        reason: Why the trial as a whole is UNKNOWN, or an empty text.
        judgements: One for each check, in the order of the scenario's checks.
        slow: How a busy machine may have made it no PASS, so that it is worth a try in quiet; or an empty text.
    """

    trial: str
    scenario: str
    plan: Plan
    struck: bool
    reason: str = ""
    judgements: tuple[Judgement, ...] = ()
    slow: str = ""

    @functools.cached_property
    def outcome(self) -> Outcome:
        """Return the worst judgement; at best UNKNOWN where a strike never struck or nothing was judged."""
        outcomes = [judgement.outcome for judgement in self.judgements if judgement.outcome]
        if not self.struck or self.reason:
            outcomes.append(Outcome.UNKNOWN)
        return worst(outcomes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings of all checks."""
        return tuple(finding for judgement in self.judgements for finding in judgement.findings)
