"""The messages between crashproof and a replaying process: the setup, how far it is, and each request."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TELL_WHERE = signal.SIGUSR1
"""Has a replaying process write to its log which line each of its threads is at."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a replaying process imports and how it replays; the first message to it.

    Attributes:
        modules: Where the workflows are: ``module`` for all that are defined or imported there, or ``module:Class``.
        data_converter: ``module:attribute`` of the data converter for ``modules``; empty: Temporal's default one.
        replayers: Each ``module:function`` that returns a ``temporalio.worker.Replayer``; asked before ``modules``.
        decisions_file: File to which decisions are written; empty: they are not kept.
        fresh: Each history is replayed in a process that has replayed nothing before.
        clock: Seconds by which the wall clock of the process is wrong.
        memory: How many bytes of memory the process may have; 0: any.
        unusable: Modules that are left out, each with the reason: they cannot be imported.
    """

    modules: Sequence[str] = ()
    data_converter: str = ""
    replayers: Sequence[str] = ()
    decisions_file: str = ""
    fresh: bool = False
    clock: float = 0.0
    memory: int = 0
    unusable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """How far a replaying process is with importing the workflow code.

    Attributes:
        importing: What it imports next: should it end over it or hang, this is to blame. Empty: it is done.
        workflows: The workflow types that it can replay.
        unusable: Modules and replayers that cannot be used, each with the reason; the others can.
        error: Why nothing can be replayed.
    """

    importing: str = ""
    workflows: Sequence[str] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """One history to replay.

    Attributes:
        index: Which it is; comes back with the answer.
        condition: Name of the condition; comes back with the answer.
        workflow: Workflow type.
        workflow_id: Workflow id.
        run_id: Run id.
        binary: File that holds the history as protobuf; empty: ``events``.
        events: The events as protobuf JSON.
        watched: Whether calls of non-deterministic functions are watched for; that costs about half as much again.
        times: How often it is replayed in a row; the last one counts.
        prefixes: Most events that may be replayed, in all, to ask each workflow task as the last one of a history that
            ends there; 0: the whole history is replayed instead.
    """

    index: int = 0
    condition: str = ""
    workflow: str = ""
    workflow_id: str
    run_id: str = ""
    binary: str = ""
    events: Sequence[dict[str, Any]] = field(default=())
    watched: bool = False
    times: int = 1
    prefixes: int = 0
