"""The checklist before a release: what each of its twelve points came to, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.verdict import Outcome, worst


@dataclass(frozen=True, kw_only=True)
class CheckedPoint:
    """One point of the checklist, as it was measured.

    Attributes:
        id: ``D1``, ``H2``.
        theme: What it is about: ``determinism``, ``heartbeats``.
        title: What holds where it passes, in a few words.
        promise: The same in full.
        outcome: None where it is not applicable.
        why: What it came to, in one sentence.
        evidence: What shows it: folders of trials, lines of code, commands.
        remedy: How an agent is mended that fails it.
        planted: The agent that was made to fail it, as ``FILE::SCENARIO``.
    """

    id: str
    theme: str
    title: str
    promise: str
    outcome: Outcome | None
    why: str
    evidence: tuple[str, ...] = ()
    remedy: str
    planted: str

    @property
    def word(self) -> str:
        """The outcome as people read it: ``PASS``, ``FAIL``, ``UNKNOWN``, ``not applicable``."""
        return self.outcome.value if self.outcome else "not applicable"


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """The checklist, as it was measured.

    Attributes:
        points: Its points, two a theme.
        limits: What limits it, one line each: what could not be read, replayed or tried.
    """

    points: tuple[CheckedPoint, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of the points that are applicable; UNKNOWN where none is."""
        return worst(point.outcome for point in self.points if point.outcome)

    @property
    def counts(self) -> dict[str, int]:
        """How many points there are of each word, those that there are none of left out."""
        words = [point.word for point in self.points]
        return {word: words.count(word) for word in ("PASS", "FAIL", "UNKNOWN", "not applicable") if word in words}
