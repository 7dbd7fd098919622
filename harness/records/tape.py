"""The tape: every message that crossed a door during a trial, and everything that crashproof did meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from harness.records import facts as records
from harness.records.act_facts import ClientCall, FaultHealed, FaultMade, WorkerStarted
from harness.records.facts import NO_FACTS, Facts
from harness.records.message_facts import HttpCall, HttpReply, MadeUpReply, NotDelivered
from harness.records.point import Door, Point

Kind = Literal["request", "reply", "dropped", "act"]
"""``request``: the worker's message reached the door. ``reply``: it was executed and its answer reached the door.
``dropped``: the message or its answer went no further (a strike, or the sender died). ``act``: crashproof did or saw
something itself."""


_F = TypeVar("_F", bound=Facts)

_NO_CALL = HttpCall()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the tape.

    Attributes:
        at: When, in seconds since the epoch.
        kind: See ``Kind``.
        door: The door; ``""`` for an act.
        operation: As in ``Point``; for an act what it was: ``start-worker``, ``worker-exit``, ``strike``, ``heal``,
            ``accelerate``, ``deadline``, ``start``, ``signal``, ``query``, ``update``, ``cancel``, ``unsent``,
            ``recall``, ``lag``, ``over``, ``past-doors``, ``state``, ``fixed-address``,
            ``metrics``.
        message: Number of the message within the trial; request and reply of one message share it. 0 for an act.
        worker: Which worker process sent it, from 1 (the first process of the trial); 0: not a worker process.
        point: The point it is, or None for an ambient message (empty polls, worker heartbeats, reads).
        workflow_id: Workflow id, where attributed.
        run_id: Run id, where attributed.
        activity_id: Activity id, where attributed.
        status: For replies: gRPC code name (``OK``, ``NOT_FOUND``) or HTTP status as text.
        facts: What it says beyond that: a record for each kind of message or act.
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
    facts: Facts = NO_FACTS

    def facts_as(self, record: type[_F]) -> _F | None:
        """Return its facts where they are that record, else None."""
        return self.facts if isinstance(self.facts, record) else None

    @property
    def http(self) -> HttpCall | HttpReply:
        """The HTTP request that it is or answers; an empty one where it is none."""
        return self.facts if isinstance(self.facts, HttpCall | HttpReply) else _NO_CALL

    @property
    def fault(self) -> str:
        """Name of the fault of a strike, a hit or a heal; empty for any other entry."""
        return self.facts.fault if isinstance(self.facts, FaultMade | FaultHealed) else ""

    @property
    def injected(self) -> str:
        """Name of the fault that made the answer up or let the message go no further; empty where none did."""
        return self.facts.injected if isinstance(self.facts, MadeUpReply | NotDelivered) else ""


class _TapeLine(msgspec.Struct, kw_only=True):
    """One line of ``tape.jsonl``: an entry whose facts are still to be read."""

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
    facts: msgspec.Raw = msgspec.Raw(b"{}")


def read_entry(line: bytes) -> Entry:
    """Read one line of ``tape.jsonl``.

    Raises:
        msgspec.DecodeError: It is no entry.
    """
    entry = _LINES.decode(line)
    facts = records.read(entry.facts, kind=entry.kind, door=entry.door, operation=entry.operation, status=entry.status)
    return Entry(**{**msgspec.structs.asdict(entry), "facts": facts})


_LINES = msgspec.json.Decoder(_TapeLine)


def pids_of(tape: Iterable[Entry]) -> dict[int, int]:
    """Return the process id of each worker process, by its number in the trial."""
    starts = ((entry.worker, entry.facts_as(WorkerStarted)) for entry in acts(tape, "start-worker"))
    return {worker: started.pid for worker, started in starts if started}


def worker_name(worker: int, pids: Mapping[int, int]) -> str:
    """Return what findings call a worker process: ``worker 22863``; empty for number 0, which is none."""
    return f"worker {pids.get(worker) or f'number {worker}'}" if worker else ""


def acts(tape: Iterable[Entry], operation: str) -> Iterator[Entry]:
    """Yield what crashproof did or saw under that name, in order."""
    return (entry for entry in tape if entry.kind == "act" and entry.operation == operation)


def client_calls(tape: Iterable[Entry], operation: str) -> list[ClientCall]:
    """Return what somebody around the workflow did under that name, in order: ``reset``, ``cancel`` and the like."""
    return [call for entry in acts(tape, operation) if (call := entry.facts_as(ClientCall))]


def points(tape: Iterable[Entry]) -> list[Point]:
    """Return the points that were met, in order, each once."""
    return list(dict.fromkeys(entry.point for entry in tape if entry.point))


def executed(tape: Iterable[Entry], *, door: Door, operation: str = "") -> Iterator[Entry]:
    """Yield the replies of messages that were executed at a door, heard by the worker or not, in order."""
    return (
        entry for entry in tape if entry.kind == "reply" and entry.door == door and operation in ("", entry.operation)
    )
