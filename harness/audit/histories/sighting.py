"""A sighting: what one event of one history shows, before the same of many histories becomes one finding."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.audit_result import Certainty


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Something in a history that a rule forbids.

    Attributes:
        rule: Id of the rule.
        certainty: How strong this one alone is.
        subject: What it is about: an activity type, a workflow type, a signal. Sightings of one rule, workflow type,
            subject and aspect are one finding.
        aspect: What tells apart two findings of one rule on one subject.
        message: What was seen, and what it leads to, as a sentence.
        fix: What to write instead, as a sentence.
        event: Id of the event that shows it.
        weight: How telling it is among those of the same certainty: attempts, bytes.
    """

    rule: str
    certainty: Certainty
    subject: str
    message: str
    fix: str
    event: int
    aspect: str = ""
    weight: float = 0.0


def sized(count: float) -> str:
    """Return a number of bytes in words: ``300 KB``, ``2.5 MB``, of 1,024 each."""
    if count >= 1024**2:
        return f"{count / 1024**2:.3g} MB"
    return f"{count / 1024:.3g} KB" if count >= 1024 else f"{count:g} bytes"
