"""How long a busy machine kept a trial waiting, from its tape."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from harness.records.act_facts import Lag
from harness.records.tape import Entry, acts


def lag_of(tape: Iterable[Entry], *, since: float = -inf, until: float = inf, server: bool = True) -> float:
    """Return how many seconds of a time the rig and the worker were kept waiting, as far as the tape tells.

    Args:
        tape: The tape.
        since: When the time began, in seconds since the epoch.
        until: When it ended.
        server: Whether the waiting of the server counts, too.
    """
    waited = 0.0
    for entry in acts(tape, "lag"):
        measured = entry.facts_as(Lag)
        if measured is not None and measured.since < until and entry.at > since:
            span = max(entry.at - measured.since, 0.001)
            inside = min(entry.at, until) - max(measured.since, since)
            together = measured.rig + measured.worker + (measured.server if server else 0.0)
            waited += min(together, span) * inside / span
    return waited
