"""Act facts: what the tape says of each act of crashproof itself: starting, striking, healing, sending, seeing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class WorkerStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``start-worker``: a worker process was started.

    Attributes:
        pid: Process id.
        command: Command line.
        start: ``cold``, or ``forked`` from a process that had imported the installed modules.
        why: Why it was started cold although forking was asked for.
        version: ``next`` where it runs the next version of the worker's code; empty: the worker's own.
    """

    pid: int
    command: str = ""
    start: str = ""
    why: str = ""
    version: str = ""


class WorkerReady(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``worker-ready``: a worker process polls these task queues."""

    polls: list[str]


class WorkerExited(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``worker-exit``: a worker process has ended.

    Attributes:
        exit_status: Exit status; the negative number of the signal that ended it.
        expected: Whether a strike wanted it to end.
    """

    exit_status: int
    expected: bool


class WorkerOverstayed(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``worker-overstayed``: a worker process that was asked to end did not within this many seconds."""

    limit: float


class FaultMade(msgspec.Struct, frozen=True, kw_only=True):
    """Acts ``strike`` and ``hit``: a fault was made as planned, or met one more message.

    Attributes:
        fault: Name of the fault.
        point: Id of the point.
    """

    fault: str
    point: str = ""


class FaultHealed(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``heal``: all that a fault of this name had broken is whole again."""

    fault: str


class FixedAddressTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``fixed-address``: a worker process came by its fixed address, and not by the one that it was told.

    Attributes:
        address: The fixed address.
    """

    address: str


class WorkStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``start``: the scenario's workflow has been started.

    Attributes:
        workflow: Workflow type.
        workflow_id: Workflow id.
        run_id: Run id.
    """

    workflow: str
    workflow_id: str
    run_id: str


class CallRecalled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``recall``: a program that was started again asked again, and was answered as before it was struck.

    Attributes:
        operation: What it asked.
        workflow_id: Workflow id that it had named the first time.
    """

    operation: str
    workflow_id: str = ""


class TimeoutAccelerated(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``accelerate``: the server was asked to let a timeout of an activity happen soon, or as declared again.

    Attributes:
        what: ``activity``: soon. ``restored``: as declared.
        workflow_id: Workflow id.
        activity_id: Activity id.
        attempt: The attempt that was running.
    """

    what: str
    workflow_id: str = ""
    activity_id: str = ""
    attempt: int = 0


class TimePassed(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``pass``: the server's time was let pass.

    Attributes:
        workflow_id: Workflow id of the work that waited for it.
        seconds: Seconds that were asked for.
        passed: Seconds that passed.
    """

    workflow_id: str
    seconds: float
    passed: float


class ClientCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Acts ``signal``, ``query``, ``update`` and ``cancel``: the scenario's client sent something to the workflow.

    Act ``unsent``: it was still to send it when the trial ended. Act ``resend``: it sent the same request once more.
    Acts ``terminate``, ``start-again``, ``reset`` and ``schedule``: it did that.

    Attributes:
        name: Name of the signal, query or update.
        args: The arguments; what is no plain value as its ``repr``.
        workflow_id: Workflow id.
        update_id: Update id.
        answer: What a query or update returned; unset where it returned nothing because it failed.
        failure: Type and message of the error that it failed with; why it was not sent.
    """

    name: str
    args: list[Any]
    workflow_id: str
    update_id: str = ""
    answer: Any = msgspec.UNSET
    failure: str = ""


class PastDoors(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``past-doors``: something left the worker by no door since the look before.

    Attributes:
        what: What was seen, one line each.
        seen_at: Id of the point whose message was held at this look; empty: none was.
    """

    what: list[str]
    seen_at: str = ""


class StateChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``state``: after the trial a row of the state that the scenario names stood there, or stood there no more.

    Attributes:
        place: Where: ``audit.db charges``, ``notes/1.txt``.
        change: ``added`` or ``removed``.
        row: The row by the names of its columns; a line of a text file as it is.
    """

    place: str
    change: str
    row: Any = None


class DoorNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``notice``: what a door has to say to the user.

    Attributes:
        text: What it says.
        unserved: Whether a request could not be served: no server there knows it, or its script raised.
    """

    text: str
    unserved: bool = False


class Lag(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Act ``lag``: in the time until this entry a busy machine kept processes waiting, or crashproof a message.

    Attributes:
        since: When that time began, in seconds since the epoch.
        rig: Seconds by which the event loop of crashproof, and with it each message at a door, was late.
        worker: Seconds that the worker process stood ready and waited for a processor.
        server: The same of the server.
        held: Seconds for which a message was held at a door by crashproof itself, to look at the worker or to send
            what the scenario sends; told apart from the others, and no excuse for what is late.
    """

    since: float
    rig: float = 0.0
    worker: float = 0.0
    server: float = 0.0
    held: float = 0.0


class MetricsScraped(msgspec.Struct, frozen=True, kw_only=True):
    """Act ``metrics``: what a worker process served to Prometheus.

    Attributes:
        totals: What each metric that only grows has come to, over all its labels.
    """

    totals: dict[str, float]


ActFacts = (
    WorkerStarted
    | WorkerReady
    | WorkerExited
    | WorkerOverstayed
    | FaultMade
    | FaultHealed
    | FixedAddressTaken
    | WorkStarted
    | CallRecalled
    | TimeoutAccelerated
    | TimePassed
    | ClientCall
    | PastDoors
    | StateChanged
    | DoorNotice
    | Lag
    | MetricsScraped
)

ACTS: Mapping[str, type[ActFacts]] = {
    "start-worker": WorkerStarted,
    "worker-ready": WorkerReady,
    "worker-exit": WorkerExited,
    "worker-overstayed": WorkerOverstayed,
    "fixed-address": FixedAddressTaken,
    "strike": FaultMade,
    "hit": FaultMade,
    "heal": FaultHealed,
    "start": WorkStarted,
    "recall": CallRecalled,
    "accelerate": TimeoutAccelerated,
    "pass": TimePassed,
    "signal": ClientCall,
    "query": ClientCall,
    "update": ClientCall,
    "cancel": ClientCall,
    "unsent": ClientCall,
    "resend": ClientCall,
    "terminate": ClientCall,
    "start-again": ClientCall,
    "reset": ClientCall,
    "schedule": ClientCall,
    "past-doors": PastDoors,
    "state": StateChanged,
    "notice": DoorNotice,
    "lag": Lag,
    "metrics": MetricsScraped,
}
"""What acts of crashproof say, by operation."""
