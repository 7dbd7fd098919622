"""What a check is: a named property of evidence, made of a generator of findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.checks.lateness import Late
from harness.records.evidence import Evidence
from harness.records.verdict import Finding, Severity, TimeTaken

Property = Callable[[Evidence, Sequence[Evidence]], Iterator[Finding | Late | TimeTaken]]
"""A generator of findings over the evidence of one trial and that of the undisturbed baselines (one or two).

It may yield times that have a bound, too, be it kept or not. What would not be a finding on a quiet machine is yielded
as ``Late``, and judged by the lag on the tape.

When a baseline itself is judged it is the evidence, and the baselines contain it too. What the generator returns, where
it returns a text, is shown as the reason beside the outcome."""


class NothingToLookAt(Exception):  # noqa: N818 - says what happened, which is no error
    """Raised by a check that finds nothing of the kind it judges; the message says what was missing."""


class CannotTell(Exception):  # noqa: N818 - says what happened, which is no error
    """Raised by a check that has seen something it cannot judge; the message says what. The outcome is UNKNOWN."""


class CannotTellUnderLoad(CannotTell):
    """What was seen a busy machine may have made, whatever lag was measured: it is looked for once more in quiet."""


@dataclass(frozen=True)
class Check:
    """A check: a named property of a trial, and the generator that looks in the evidence for what breaks it.

    Attributes:
        name: Kebab case, such as ``effects-happen-once``.
        property: The sentence that must hold.
        judge: The generator that looks for what breaks it. Raises ``NothingToLookAt`` where it is not applicable.
        needed: Whether nothing to look at makes it UNKNOWN (asked for by the user) rather than not applicable.
        severity: How bad its findings are, where they do not say so themselves.
        why: Why it matters that the property holds, in a sentence.
        fix: How an agent is mended that breaks it, in a sentence.
    """

    name: str
    property: str
    judge: Property
    needed: bool = False
    severity: Severity = Severity.BROKEN
    why: str = ""
    fix: str = ""


def check(
    name: str, *, severity: Severity = Severity.BROKEN, why: str = "", fix: str = ""
) -> Callable[[Property], Check]:
    """Make a check of a generator; the first line of its docstring is the property.

    Args:
        name: As in ``Check``.
        severity: As in ``Check``.
        why: As in ``Check``.
        fix: As in ``Check``.
    """

    def make(judge: Property) -> Check:
        sentence = (judge.__doc__ or "").strip().splitlines()[0]
        return Check(name, sentence, judge, severity=severity, why=why, fix=fix)

    return make
