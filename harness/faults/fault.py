"""A fault as a record: what is done, where it can be done, and what a right agent makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.faults.action import Action, LoseReply
from harness.records.point import Door, Point, Position

_OK = "200"

Family = Literal["process", "server", "wire", "model", "effect", "client", "code"]

Need = Literal[
    "persistence",
    "restart",
    "time skipping",
    "acceleration",
    "reset",
    "schedules",
    "activities without a workflow",
    "executions side by side",
    "requests known by their ids",
]
"""What may be needed of an engine. ``persistence``: state is in a SQLite file that can be read and checked.
``restart``: after kill -9 it goes on where it was. ``time skipping``: time can pass faster than it does.
``acceleration``: ResetStickyTaskQueue and UpdateActivityOptions, by which the timeouts of a dead attempt happen at
once. ``reset``: ResetWorkflowExecution. ``schedules``: CreateSchedule and its like. ``activities without a workflow``:
StartActivityExecution and its like. ``executions side by side``: no time passes under a workflow task of one of them
when another one ends. ``requests known by their ids``: a request that comes a second time is done once."""

TASK_OF_ACTIVITY = "PollActivityTaskQueue"
"""The operation whose answer hands a task of an activity out."""

Every = Literal["cut", "message", "activity", "once"]
"""``cut``: one strike for each state that the loss of the worker's memory can leave behind (``harness.records.cut``).
``message``: one strike for each message and position where the fault can be made. ``activity``: one strike for each
type of activity and operation, at its first message, and none in recoveries; for a fault that is one of many of its
kind. ``once``: one strike, at the first message."""

Ends = Literal["as baseline", "its own way", "cancelled", "terminated"]
"""How the work rightly ends under a fault that does not keep it from succeeding. ``as baseline``: with an equal result.
``its own way``: as the agent decides, or not at all while it waits for somebody. ``cancelled``: as cancelled, or by
itself without going on with the work. ``terminated``: at once."""

When = Literal["at any time", "before sends", "after sends"]
"""At which messages a fault can be made: those before the last signal or update that the scenario sends, or those after
the first."""

Heard = Literal["no answer", "the answer", "another answer"]
"""What a caller hears that meets a fault. ``the answer``: the right one, late or with something wrong beside it.
``another answer``: a whole one that the provider could have given, so that the work may rightly end otherwise."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that can be done at a point.

    Attributes:
        name: Kebab case, such as ``kill-worker``.
        family: Which part of the world breaks.
        what: What happens, in one sentence.
        right: What a right agent does about it, in one sentence.
        action: What is done.
        every: At which points it is made.
        doors: Doors at which it can be made.
        positions: Positions at which it can be made.
        operations: Operations at which it can be made; empty: all of the doors.
        spares: Operations at which it is not made, though it could be.
        times: How many messages of the same place it meets, one after the other, before it is healed; 0: all of them,
            for it is never healed.
        heard: What the caller hears.
        needs_tools: Whether it can be made only at a call that offers tools to the model.
        ends: How the work rightly ends.
        when: At which messages it can be made.
        needs_more: What it needs of the engine beside what its impact says.
        terminal: Whether no attempt can succeed any more, so that the work must end in a prompt, bounded and rightly
            classified failure, or in a fallback that the scenario declares. Else it must end as the baseline.
    """

    name: str
    family: Family
    what: str
    right: str
    action: Action
    every: Every = "message"
    doors: tuple[Door, ...] = ("wire", "model", "effect")
    positions: tuple[Position, ...] = ("before", "after")
    operations: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    times: int = 1
    heard: Heard = "no answer"
    needs_tools: bool = False
    ends: Ends = "as baseline"
    when: When = "at any time"
    needs_more: tuple[Need, ...] = ()
    terminal: bool = False

    @property
    def stops_worker(self) -> bool:
        """Whether the worker process that is struck does nothing for a while, or never again."""
        return bool(self.action.impact.worker)

    @property
    def asks_worker_to_end(self) -> bool:
        """Whether the worker process that is struck is to end by itself, in its own time."""
        return self.action.impact.worker == "asked to end"

    @property
    def unseen(self) -> bool:
        """Whether the server learns that the worker process is lost only by a timeout."""
        return self.action.impact.worker == "killed"

    @property
    def ends_server(self) -> bool:
        """Whether the server is killed, so that a trial needs one of its own."""
        return self.action.impact.server == "killed"

    @property
    def changes_code(self) -> bool:
        """Whether it needs a next version of the worker."""
        return self.family == "code"

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it needs of the engine that runs the server."""
        if self.ends_server:
            return ("persistence", "restart")
        return ("acceleration",) if self.stops_worker else self.needs_more

    @property
    def needs_answer(self) -> bool:
        """Whether it changes what was answered, so that it can be made to no error."""
        return bool(getattr(self.action, "needs_answer", False))

    def meets(self, request: object, *, status: str = "") -> bool:
        """Tell whether it can be made at a call, if it can at the point.

        Args:
            request: Body of the call.
            status: HTTP status of the answer to it; empty before there is one.
        """
        return self.can_change(status) and self._has_tools(request)

    def can_change(self, status: str) -> bool:
        """Tell whether it can be made at an answer of that HTTP status, or before there is one, where it is empty."""
        return not self.needs_answer or status in ("", _OK)

    def _has_tools(self, request: object) -> bool:
        return not self.needs_tools or (isinstance(request, dict) and bool(request.get("tools")))

    def applies_to(self, point: Point) -> bool:
        """Tell whether it can be made at a point."""
        return (
            point.door in self.doors
            and point.position in self.positions
            and (not self.operations or point.operation in self.operations)
            and point.operation not in self.spares
        )


def without_lost_tasks(fault: Fault) -> Fault:
    """Return a fault so that it loses no task of an activity, which would come again only after its timeout."""
    loses = isinstance(fault.action, LoseReply) and "wire" in fault.doors
    return replace(fault, spares=(TASK_OF_ACTIVITY,)) if loses else fault


def timed_out_for_ever(fault: Fault) -> Fault:
    """Return a fault by which attempts time out as one that no attempt outlasts: the work only sees TimeoutError."""
    return replace(
        fault,
        right="The attempts end at the declared cap, and the work fails or falls back, though it only ever sees "
        "TimeoutError.",
        times=0,
        terminal=True,
        needs_more=("acceleration",),
    )
