"""The checks: each is a property in one sentence, judged from evidence alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError, nearest
from harness.evidence import Evidence
from harness.verdict import Finding

if TYPE_CHECKING:
    standard: tuple[Check, ...]
    """Every check that needs no parameter, in the order in which verdicts show them."""

Property = Callable[[Evidence, Sequence[Evidence]], Iterator[Finding]]
"""A generator of findings over the evidence of one trial and that of the undisturbed baselines (one or two).

When a baseline itself is judged it is the evidence, and the baselines contain it too. What the generator returns, where
it returns a text, is shown as the reason beside the outcome."""


class NothingToLookAt(Exception):  # noqa: N818 - says what happened, which is no error
    """Raised by a check that finds nothing of the kind it judges; the message says what was missing."""


class CannotTell(Exception):  # noqa: N818 - says what happened, which is no error
    """Raised by a check that has seen something it cannot judge; the message says what. The outcome is UNKNOWN."""


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


def HappensOnce(effect: str, *, key: str = "") -> Check:  # noqa: N802 - reads as a noun in a scenario's list of checks
    """Make a check that an effect happens exactly once for each value of its key.

    Args:
        effect: Name of the effect, such as ``note``.
        key: Field of the JSON body that tells one effect from another; dots go deeper. Empty: the
            ``Idempotency-Key`` header.
    """
    made: Check = importlib.import_module("harness.checks.effects").happens_once(effect, key=key)
    return made


def named(name: str) -> Check:
    """Return the check of that name; ``happens-once:EFFECT:KEY`` names what ``HappensOnce`` makes.

    Raises:
        UsageError: No check has that name.
    """
    word, _, rest = name.partition(":")
    if word == "happens-once" and rest:
        effect, _, key = rest.partition(":")
        return HappensOnce(effect, key=key)
    known = {found.name: found for found in _standard()}
    if name in known:
        return known[name]
    raise UsageError(f"no check is called {name!r}{nearest(name, known)}; known: {', '.join(known)}")


def chosen(wanted: Iterable[Check | str], *, skip: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks a scenario wants, by name or as they are; the standard ones where it wants none.

    Raises:
        UsageError: A name, wanted or skipped, is that of no check.
    """
    found = {each.name: each for each in (named(one) if isinstance(one, str) else one for one in wanted)}
    if not found:
        found = {each.name: each for each in _standard()}
    left_out = {named(name).name for name in skip}
    return tuple(each for name, each in found.items() if name not in left_out)


def _standard() -> tuple[Check, ...]:
    found: tuple[Check, ...] = importlib.import_module("harness.checks.catalogue").STANDARD
    return found


def __getattr__(name: str) -> Any:
    if name == "standard":
        return _standard()
    raise AttributeError(f"module 'harness.checks' has no attribute {name!r}")
