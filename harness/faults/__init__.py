"""The faults: what can be done at a point. Plain data, one file each; the nemesis in ``harness.trial`` makes them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import UsageError, nearest
from harness.faults import (
    effect_reply_lost,
    heartbeat_lost,
    kill_server,
    kill_worker,
    model_400,
    model_429,
    model_429_date,
    model_429_milliseconds,
    model_429_quota,
    model_429_seconds,
    model_500_once,
    model_500_until_healed,
    model_outage,
    model_reset,
    model_silent,
    model_truncated,
    pause_worker,
    reply_lost,
    resource_exhausted_once,
    resource_exhausted_until_healed,
    terminate_worker,
    unavailable_once,
    unavailable_until_healed,
)
from harness.faults.fault import Fault as Fault

ALL: tuple[Fault, ...] = (
    kill_worker.FAULT,
    terminate_worker.FAULT,
    pause_worker.FAULT,
    kill_server.FAULT,
    unavailable_once.FAULT,
    unavailable_until_healed.FAULT,
    resource_exhausted_once.FAULT,
    resource_exhausted_until_healed.FAULT,
    reply_lost.FAULT,
    heartbeat_lost.FAULT,
    model_429.FAULT,
    model_429_seconds.FAULT,
    model_429_milliseconds.FAULT,
    model_429_date.FAULT,
    model_429_quota.FAULT,
    model_400.FAULT,
    model_500_once.FAULT,
    model_500_until_healed.FAULT,
    model_outage.FAULT,
    model_reset.FAULT,
    model_silent.FAULT,
    model_truncated.FAULT,
    effect_reply_lost.FAULT,
)
"""Every fault, in the order in which they are tried and listed."""

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(fault.family for fault in ALL))
"""The families, in order."""


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        UsageError: No fault has that name.
    """
    for fault in ALL:
        if fault.name == name:
            return fault
    known = [fault.name for fault in ALL]
    raise UsageError(f"no fault is called {name!r}{nearest(name, known)}; known: {', '.join(known)}")


def chosen(wanted: Iterable[str]) -> tuple[Fault, ...]:
    """Return the faults that names, families and ``all`` mean, each once, in the order of ``ALL``.

    Raises:
        UsageError: A word is none of these.
    """
    found: set[str] = set()
    known = ["all", *FAMILIES, *(fault.name for fault in ALL)]
    for word in wanted:
        meant = {fault.name for fault in ALL if word in ("all", fault.family, fault.name)}
        if not meant:
            raise UsageError(
                f"no fault or family is called {word!r}{nearest(word, known)}; `crashproof faults` lists them"
            )
        found |= meant
    return tuple(fault for fault in ALL if fault.name in found)
