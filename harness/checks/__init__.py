"""The checks: each is a property in one sentence, judged from evidence alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.evidence import Evidence
from harness.verdict import Finding

Property = Callable[[Evidence, Sequence[Evidence]], Iterator[Finding]]
"""A generator of findings over the evidence of one trial and that of the undisturbed baselines (one or two)."""


class NothingToLookAt(Exception):
    """Raised by a check that finds nothing of the kind it judges; the message says what was missing."""


@dataclass(frozen=True)
class Check:
    """A named property.

    Attributes:
        name: Kebab case, such as ``effects-happen-once``.
        property: The sentence that must hold.
        judge: The generator that looks for what breaks it. Raises ``NothingToLookAt`` where it is not applicable.
        needed: Whether nothing to look at makes it UNKNOWN (asked for by the user) rather than not applicable.
    """

    name: str
    property: str
    judge: Property
    needed: bool = False


def check(name: str) -> Callable[[Property], Check]:
    """Make a check of a generator; the first line of its docstring is the property."""

    def make(judge: Property) -> Check:
        sentence = (judge.__doc__ or "").strip().splitlines()[0]
        return Check(name, sentence, judge)

    return make
