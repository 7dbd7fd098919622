"""Stops: what a worker process does between SIGTERM and its end. It is a baseline of its own for graceful stops."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.act_facts import WorkerExited
from harness.records.evidence import Evidence
from harness.records.tape import acts


@dataclass(frozen=True, kw_only=True)
class Stop:
    """How one worker process stopped after SIGTERM: what it still sent, how long it took, and its exit status.

    Attributes:
        sent: The requests that the worker process sent on the way, in order, each once.
        seconds: How long it took.
        exit_status: Exit status; the negative number of the signal that ended it.
    """

    sent: tuple[str, ...]
    seconds: float
    exit_status: int


def stop_of(evidence: Evidence) -> Stop | None:
    """Return the stop that a trial shows, or None where there was none, or another strike, or an earlier end."""
    if len(evidence.strikes) != 1:
        return None
    strike = evidence.strikes[0]
    ended = next((entry for entry in acts(evidence.tape, "worker-exit") if entry.worker == strike.worker), None)
    exited = ended.facts_as(WorkerExited) if ended else None
    if ended is None or exited is None or not evidence.faults[0].asks_worker_to_end:
        return None
    sent = (
        entry.operation
        for entry in evidence.tape
        if entry.kind == "request" and entry.worker == strike.worker and strike.at <= entry.at <= ended.at
    )
    return Stop(
        sent=tuple(dict.fromkeys(sent)),
        seconds=ended.at - strike.at,
        exit_status=exited.exit_status,
    )


def stops_in_words(stops: Sequence[Stop]) -> str:
    """Return what stops have in common as a sentence; an empty text for none."""
    if not stops:
        return ""
    sent = ", ".join(dict.fromkeys(operation for stop in stops for operation in stop.sent)) or "nothing"
    longest = max(stop.seconds for stop in stops)
    statuses = sorted({stop.exit_status for stop in stops})
    shown = " or ".join(map(str, statuses))
    killed = -signal.SIGKILL in statuses
    ended = "was killed, since it did not end by itself," if killed else "ended"
    return f"After SIGTERM the worker still sent {sent}; it {ended} within {longest:.1f} s, with exit status {shown}."
