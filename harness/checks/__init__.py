"""The checks: each is a property in one sentence, judged from evidence alone."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.checks.check import CannotTell as CannotTell
from harness.checks.check import Check as Check
from harness.checks.check import NothingToLookAt as NothingToLookAt
from harness.checks.check import check as check
from harness.errors import UsageError, several_nearest

if TYPE_CHECKING:
    standard: tuple[Check, ...]
    """Every check that needs no parameter, in the order in which verdicts show them."""


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
    """Return the check of that name.

    ``happens-once:EFFECT:KEY`` names what ``HappensOnce`` makes, and ``expect-result:JSON``, ``expect-effect:…`` and
    ``undone:…`` what ``expects`` says.

    Raises:
        UsageError: No check has that name.
    """
    word, _, rest = name.partition(":")
    if rest and (make := importlib.import_module("harness.checks.expected").KINDS.get(word)):
        expected: Check = make(rest)
        return expected
    if word == "happens-once" and rest:
        effect, _, key = rest.partition(":")
        return HappensOnce(effect, key=key)
    known = {each.name: each for each in _standard()}
    if name in known:
        return known[name]
    raise UsageError(f"no check is called {name!r}{several_nearest(name, known)}; `crashproof checks` lists them all")


def chosen(wanted: Iterable[Check | str], *, skip: Iterable[str] = (), also: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks a scenario wants, by name or as they are; the standard ones where it wants none.

    Args:
        wanted: Names of checks, or checks.
        skip: Names of those that are left out.
        also: Names of checks that hold what is expected, beside those that are wanted.

    Raises:
        UsageError: A name, wanted or skipped, is that of no check.
    """
    by_name = {each.name: each for each in (named(one) if isinstance(one, str) else one for one in wanted)}
    if not by_name:
        by_name = {each.name: each for each in _standard()}
    by_name |= {each.name: each for each in map(named, also)}
    left_out = {named(name).name for name in skip}
    return tuple(each for name, each in by_name.items() if name not in left_out)


def _standard() -> tuple[Check, ...]:
    listed: tuple[Check, ...] = importlib.import_module("harness.checks.catalogue").standard()
    return listed


def __getattr__(name: str) -> Any:
    if name == "standard":
        return _standard()
    raise AttributeError(f"module 'harness.checks' has no attribute {name!r}")
