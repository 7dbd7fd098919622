"""The world of one path: what a Temporal server knows of the run, and the history that it has written so far."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType, TaskQueueKind
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message

from harness.replay.explore.move import Move, Step

BEGAN = 1_750_000_000.0
"""When the first event of every explored history happens, in seconds since the epoch: the same in every exploration."""

TASK_TIMEOUT_SECONDS = 10

Closing = Literal[
    "completed", "failed", "cancelled", "terminated", "timed out", "task failed", "lost", "stuck", "endless", "left"
]
"""How a path ends. ``timed out``: a timeout of the whole workflow elapses; ``task failed``: the worker fails the
workflow task; ``lost``: its process exits or answers no more; ``stuck``: nothing can happen any more; ``endless``: it
has more steps than are allowed; ``left``: it holds what cannot be explored."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A signal or an update that the scenario sends.

    Attributes:
        kind: What it is.
        name: Its name.
        input: Its arguments, as the data converter makes them: serialized ``Payloads``.
        sender: Subject of the child workflow that sends it; empty: what the scenario sends.
    """

    kind: Literal["signal", "update"]
    name: str
    input: bytes
    sender: str = ""


@dataclass(frozen=True, kw_only=True)
class KnownOutcome:
    """How something ends: as the worker's own code has it end.

    Attributes:
        result: Its result.
        failure: Its failure; None for none.
        why_not: Why it is not known.
        attempts: With which attempt of an activity.
        detail: Which of several ways it is; empty: the plain course of things.
        words: The same as a phrase: ``fails with Declined``.
        waits: Whether it is a child workflow that does not end, unless it is sent something.
        signals: What a child sends to its parent before it ends, or waits.
        unexplored: What of a child could not be explored.
    """

    result: Payloads | None = None
    failure: Failure | None = None
    why_not: str = ""
    attempts: int = 1
    detail: str = ""
    words: str = ""
    waits: bool = False
    signals: tuple[Declared, ...] = ()
    unexplored: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Something under way that the workflow will hear of.

    Attributes:
        kind: What it is: ``external`` is a signal or a cancellation on its way to another workflow.
        event_id: Its scheduled, started or initiated event.
        type: Type of the activity or child; id of the timer.
        subject: Its name in every order of events: type and a digest of its input, and its number among equal ones.
        shown: Its name for people: ``charge.2``.
        attributes: The attributes of that event.
        at: When it was scheduled; seconds since the epoch.
        due: When a timer fires.
        started: Id of the event that says that a child has started; 0 before.
        cancelled: Whether the workflow has asked for its cancellation.
        heard: Signals that a child was sent by its parent.
    """

    kind: Literal["activity", "timer", "child", "external", "nexus"]
    event_id: int
    type: str
    subject: str
    shown: str
    attributes: Any
    at: float
    due: float = math.inf
    started: int = 0
    cancelled: bool = False
    heard: tuple[Declared, ...] = ()

    @property
    def known_by(self) -> tuple[object, ...]:
        """What decides how it ends: its type, its input, and what it was sent."""
        return self.type, self.attributes.input.SerializeToString(deterministic=True), self.heard


@dataclass(frozen=True, kw_only=True)
class WorkflowTimeouts:
    """The timeouts of a whole workflow, in seconds; 0 for none.

    Attributes:
        run: Of each run.
        execution: Of all its runs together.
    """

    run: float = 0.0
    execution: float = 0.0


NO_TIMEOUTS = WorkflowTimeouts()


@dataclass(frozen=True, kw_only=True)
class ExploredActivity:
    """An activity that a workflow scheduled, and what came of it.

    Attributes:
        type: Activity type.
        subject: As for ``Pending``.
        input: Its input, as text.
        result: Its result, as text; None while it has none.
    """

    type: str
    subject: str
    input: str
    result: str | None = None


@dataclass(kw_only=True)
class World:
    """What the server knows of one run at one moment. Copied for each step, so that paths share what they can.

    Attributes:
        workflow_id: Workflow id.
        workflow_type: Workflow type.
        task_queue: Its task queue.
        run_id: Run id.
        sends: What is declared and has not come yet: of each group the first comes before the others.
        left: How often what is no plain course of things may still happen.
        ends: How things can end, the plain way first, by what they are known by; shared by all worlds of a search.
        timeouts: The timeouts of the whole workflow.
        deadline: When a timeout of the whole workflow elapses, in seconds since the epoch.
        events: The history so far.
        earlier: Histories of the runs that continued as new in this one.
        pending: What is under way, by the id of its event.
        numbers: How many activities, timers and children of each name there were.
        clock: Seconds since the epoch.
        asked: WorkflowTaskStarted of the last task that was completed; 0 before the first.
        begun: Whether the first workflow task of the run was handed out.
        requests: Update requests that the next task brings.
        updates: Ids of updates that were sent: what became of each.
        path: The steps so far.
        decisions: What the worker decided so far, each as text.
        activities: What it scheduled.
        close: How the run was closed; None while it is open.
        result: Its result as text, or its failure.
        cancel_heard: Whether a workflow task told it that it is to be cancelled.
        place: Where the code raised or waits, ``workflows.py:12 in run``; empty where that is not known.
        query_types: Names of the queries that it answers, where it was asked for them.
        nondeterministic: Whether a workflow task failed since the history is not what the code does.
        unexplored: What the model of the server could not do.
        answered: How the model answers from now on; empty: as usual.
        sent_out: Signals that reached other workflows, by the id of the workflow.
        expected: How many signals of each child have come or are to come, by its subject.
    """

    workflow_id: str
    workflow_type: str
    task_queue: str
    run_id: str
    sends: tuple[tuple[Declared, ...], ...]
    left: Mapping[str, int]
    ends: dict[tuple[object, ...], tuple[KnownOutcome, ...]] = field(default_factory=dict)
    timeouts: WorkflowTimeouts = NO_TIMEOUTS
    deadline: float = math.inf
    events: list[HistoryEvent] = field(default_factory=list)
    earlier: tuple[list[HistoryEvent], ...] = ()
    pending: dict[int, Pending] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    clock: float = BEGAN
    asked: int = 0
    begun: bool = False
    requests: tuple[Message, ...] = ()
    updates: dict[str, str] = field(default_factory=dict)
    path: tuple[Step, ...] = ()
    decisions: tuple[str, ...] = ()
    activities: tuple[ExploredActivity, ...] = ()
    close: Closing | None = None
    result: str = ""
    cancel_heard: bool = False
    place: str = ""
    query_types: tuple[str, ...] = ()
    nondeterministic: bool = False
    unexplored: tuple[str, ...] = ()
    answered: str = ""
    sent_out: tuple[tuple[str, Declared], ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict)

    def copy(self) -> World:
        """Return the same once more, to go on with in another way."""
        return replace(
            self,
            events=list(self.events),
            pending=dict(self.pending),
            numbers=dict(self.numbers),
            updates=dict(self.updates),
        )

    def write(self, kind: EventType.ValueType, *, seconds: float = 0.001) -> HistoryEvent:
        """Add an event to the history, so long after the one before, and return it to be filled in."""
        self.clock += seconds
        event = HistoryEvent(event_id=len(self.events) + 1, event_type=kind)
        event.event_time.FromMilliseconds(round(self.clock * 1000))
        self.events.append(event)
        return event

    def write_task(self) -> int:
        """Add the scheduled event of a workflow task, unless one is scheduled already, and return its id."""
        for event in reversed(self.events):
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                return event.event_id
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                break
        event = self.write(EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
        scheduled = event.workflow_task_scheduled_event_attributes
        scheduled.task_queue.name = self.task_queue
        scheduled.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
        scheduled.start_to_close_timeout.FromSeconds(TASK_TIMEOUT_SECONDS)
        scheduled.attempt = 1
        return event.event_id

    def write_task_started(self) -> int:
        """Add the started event of the workflow task that is scheduled, and return its id."""
        scheduled = self.write_task()
        event = self.write(EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
        event.workflow_task_started_event_attributes.scheduled_event_id = scheduled
        return event.event_id

    def named(self, kind: str, content: bytes) -> tuple[str, str]:
        """Return the two names of something new: the one that it has in every order of events, and that for people."""
        digest = hashlib.blake2s(content, digest_size=3).hexdigest()
        self.numbers[kind] = number = self.numbers.get(kind, 0) + 1
        same = f"{kind}#{digest}"
        self.numbers[same] = again = self.numbers.get(same, 0) + 1
        return same if again == 1 else f"{same}.{again}", f"{kind}.{number}"

    @property
    def moves(self) -> tuple[Move, ...]:
        """All that has happened so far, in order, without the handing out of first tasks."""
        return tuple(move for step in self.path for move in step if move.kind != "begin")

    @property
    def key(self) -> int:
        """What two states that are taken for one have in common.

        All that has happened and all that was decided, whatever the order, and so what is under way and what is left
        to happen; and how each of it came about: the runs before, and the order in which timers are due.
        """
        timers = sorted((each.due, each.subject) for each in self.pending.values() if each.kind == "timer")
        started = sorted(
            (each.subject, bool(each.started), each.cancelled, [sent.name for sent in each.heard])
            for each in self.pending.values()
        )
        return hash(
            (
                frozenset(_counted([move.name for step in self.path for move in step]).items()),
                frozenset(_counted(self.decisions).items()),
                tuple(subject for _, subject in timers),
                str(started),
                len(self.earlier),
                self.begun,
                self.cancel_heard,
                tuple(sorted(self.left.items())),
            )
        )


def begin(
    world: World,
    *,
    arguments: Payloads,
    timeouts: WorkflowTimeouts = NO_TIMEOUTS,
    continued_from: str = "",
    first_run_id: str = "",
) -> World:
    """Write the first event of a run."""
    event = world.write(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, seconds=0)
    started = event.workflow_execution_started_event_attributes
    started.workflow_type.name = world.workflow_type
    started.task_queue.name = world.task_queue
    started.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    if arguments.payloads:
        started.input.CopyFrom(arguments)
    started.workflow_task_timeout.FromSeconds(TASK_TIMEOUT_SECONDS)
    if timeouts.run:
        started.workflow_run_timeout.FromMilliseconds(round(timeouts.run * 1000))
    if timeouts.execution:
        started.workflow_execution_timeout.FromMilliseconds(round(timeouts.execution * 1000))
    world.timeouts = timeouts
    ends = [BEGAN + timeouts.execution] * bool(timeouts.execution) + [world.clock + timeouts.run] * bool(timeouts.run)
    world.deadline = min(ends, default=math.inf)
    started.original_execution_run_id = world.run_id
    started.first_execution_run_id = first_run_id or world.run_id
    started.continued_execution_run_id = continued_from
    started.workflow_id = world.workflow_id
    started.attempt = 1
    started.identity = "explore"
    world.write_task()
    return world


def run_id_of(workflow_id: str, number: int) -> str:
    """Return a run id that is the same in every exploration: workflow code sees it, and its random numbers follow."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workflow_id}/{number}"))


def text_of(payloads: Payloads) -> str:
    """Return what payloads hold as text, as far as they hold any."""
    texts = (payload.data.decode(errors="replace") for payload in payloads.payloads)
    return ", ".join(text or "null" for text in texts)


def _counted(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in names}
