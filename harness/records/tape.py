"""The tape: every message that crossed a door during a trial, and everything that crashproof did meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.records.point import Door, Point

Kind = Literal["request", "reply", "dropped", "act"]
"""``request``: the worker's message reached the door. ``reply``: it was executed and its answer reached the door.
``dropped``: the message or its answer went no further (a strike, or the sender died). ``act``: crashproof did or saw
something itself."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the tape.

    Attributes:
        at: When, in seconds since the epoch.
        kind: See ``Kind``.
        door: The door; ``""`` for an act.
        operation: As in ``Point``; for an act what it was: ``start-worker``, ``worker-exit``, ``strike``, ``heal``,
            ``accelerate``, ``start``, ``signal``, ``query``, ``update``, ``attach``, ``over``, ``gap``.
        message: Number of the message within the trial; request and reply of one message share it. 0 for an act.
        worker: Which worker process sent it, from 1 (the first process of the trial); 0: not a worker process.
        point: The point it is, or None for an ambient message (empty polls, worker heartbeats, reads).
        workflow_id: Workflow id, where attributed.
        run_id: Run id, where attributed.
        activity_id: Activity id, where attributed.
        status: For replies: gRPC code name (``OK``, ``NOT_FOUND``) or HTTP status as text.
        facts: What the checks need of the message. wire: RPC specific, see ``harness.doors.wire.decoding``. model and
            effect: ``method``, ``path``, ``headers`` and ``body`` of the request, ``answer`` on the reply. act: what
            was done, such as ``pid``, ``exit_status``, ``plan``, ``fault``.
    """

    at: float
    kind: Kind
    door: Door | Literal[""] = ""
    operation: str
    message: int = 0
    worker: int = 0
    point: Point | None = None
    workflow_id: str = ""
    run_id: str = ""
    activity_id: str = ""
    status: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def acts(tape: Iterable[Entry], operation: str) -> Iterator[Entry]:
    """Yield what crashproof did or saw under that name, in order."""
    return (entry for entry in tape if entry.kind == "act" and entry.operation == operation)


def points(tape: Iterable[Entry]) -> list[Point]:
    """Return the points that were met, in order, each once."""
    return list(dict.fromkeys(entry.point for entry in tape if entry.point))


def executed(tape: Iterable[Entry], *, door: Door, operation: str = "") -> Iterator[Entry]:
    """Yield the replies of messages that were executed at a door, heard by the worker or not, in order."""
    return (
        entry for entry in tape if entry.kind == "reply" and entry.door == door and operation in ("", entry.operation)
    )
