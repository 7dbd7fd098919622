"""The catalogue of faults: all that are listed, found by their name and by their family.

A fault is listed because it is a module-level value of one of the modules named here, or of an extension.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import get_args

from harness import extensions
from harness.errors import UsageError, nearest
from harness.faults import client, code, effect, process, server, wire
from harness.faults.fault import Family, Fault
from harness.faults.model import answers, bodies, limits, outages, refusals, streams, unreachable

_KINDS = (process, server, wire, limits, refusals, outages, unreachable, bodies, streams, answers, effect, client, code)
"""The modules of faults, in the order in which these are listed; the order within each is the one in which it is
written."""


def listed() -> tuple[Fault, ...]:
    """Return every fault, in the order in which they are tried and listed: families stand together."""
    return tuple(_by_name().values())


def families() -> tuple[str, ...]:
    """Return the families that have a fault, in the order in which they are listed."""
    return tuple(dict.fromkeys(fault.family for fault in listed()))


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        UsageError: No fault has that name.
    """
    known = _by_name()
    if name not in known:
        raise UsageError(f"no fault is called {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    return known[name]


def chosen(words: Iterable[str]) -> tuple[Fault, ...]:
    """Return the faults that names, families and ``all`` mean, each once, in the order in which they are listed.

    Raises:
        UsageError: A word is none of these.
    """
    wanted: set[str] = set()
    known = ["all", *families(), *_by_name()]
    for word in words:
        meant = {fault.name for fault in listed() if word in ("all", fault.family, fault.name)}
        if not meant:
            raise UsageError(
                f"no fault or family is called {word!r}{nearest(word, known)}; `crashproof faults` lists them"
            )
        wanted |= meant
    return tuple(fault for fault in listed() if fault.name in wanted)


@functools.cache
def _by_name() -> dict[str, Fault]:
    order = get_args(Family)
    faults = extensions.values_in((*_KINDS, *extensions.installed("faults")), Fault)
    ordered = sorted(faults, key=lambda fault: order.index(fault.family) if fault.family in order else len(order))
    return extensions.by_name(ordered, what="faults")
