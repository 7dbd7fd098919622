"""Evidence: all that a trial left behind, as the checks see it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

from harness import faults
from harness.faults.fault import Fault
from harness.records.plan import Plan
from harness.records.replay_result import Replay
from harness.records.tape import Entry, acts

_T = TypeVar("_T")

End = Literal["closed", "over", "deadline", "stopped"]
"""``closed``: the workflow closed. ``over``: the scenario's own sign that a workflow without end is done was seen.
``deadline``: neither came in time. ``stopped``: crashproof stopped waiting for another reason, given beside it."""


@dataclass(frozen=True, kw_only=True)
class History:
    """One run of one workflow, in Temporal's own JSON.

    Attributes:
        workflow_id: Workflow id, which the JSON itself does not hold.
        run_id: Run id.
        path: Workflow type as in ``Point.workflow``: ``Parent/Child.1``, ``Type+1`` for the second run of a chain.
        root: Whether it belongs to the workflow that the scenario started, and not to a child.
        events: The events as protobuf JSON: ``eventId`` as text, ``eventType`` as ``EVENT_TYPE_…``, times as RFC 3339.
        described: What the server said of an activity that no workflow scheduled, which has no history: its events are
            told after that (``harness.records.activity_account``). None: the events were recorded.
    """

    workflow_id: str
    run_id: str
    path: str
    root: bool
    events: tuple[dict[str, Any], ...]
    described: dict[str, Any] | None = None

    def of_type(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """Yield the events of the given types, named without prefix: ``ACTIVITY_TASK_SCHEDULED``."""
        wanted = {f"EVENT_TYPE_{kind}" for kind in kinds}
        return (event for event in self.events if event["eventType"] in wanted)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What DescribeWorkflowExecution said at one moment.

    Attributes:
        at: When, in seconds since the epoch.
        workflow_id: Workflow id.
        run_id: Run id.
        pending: The pending activities as protobuf JSON (``activityId``, ``attempt``, ``state``,
            ``heartbeatDetails``, ``lastHeartbeatTime``, ``lastFailure``, ``nextAttemptScheduleTime``).
    """

    at: float
    workflow_id: str
    run_id: str
    pending: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Crash:
    """What the database of a server held when the server was killed, read from a copy made before its restart.

    Attributes:
        at: When the server was dead, in seconds since the epoch.
        integrity: ``ok``, or what SQLite's ``PRAGMA integrity_check`` found.
        histories: The histories of the trial's runs as they were; buffered events come last.
    """

    at: float
    integrity: str
    histories: tuple[History, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that one trial left behind.

    Attributes:
        trial: Id of the trial.
        scenario: Name of the scenario.
        plan: The plan.
        end: How the trial ended.
        end_reason: More of it, where there is more.
        expects_failure: What the scenario says the workflow fails with: None if it must not fail, else a failure
            type or ``""`` for any.
        tape: Every message and act, in order of time.
        histories: Every run of every workflow that the trial knew, root chain first.
        samples: Samples of pending activities, in order of time.
        replays: One for each history that was replayed; None where no workflow code was importable.
        gaps: What left the worker by no door: one line each.
        task_timeout: Workflow task timeout in seconds that the door or the starter set for this trial; 0: untouched.
        crashes: One for each time that the server was killed.
        engine: Engine of the server: ``dev`` or ``time-skipping``.
        skips_time: Whether the server skipped time: the times of its events are then ahead of those on the tape.
        falls_back: Whether the scenario declares that, under a terminal fault, the workflow completes with a result of
            its own.
        may_fail: Whether the scenario declares that the workflow may give up under any strike.
        made_up: What crashproof made up to run the work, in words; empty: nothing.
        namespace: The namespace of the server that the trial had for itself; empty where older evidence does not say.
        beside: Whether it is that of one execution of several: what met a fault may be another one of them.
    """

    trial: str
    scenario: str
    plan: Plan
    end: End
    end_reason: str = ""
    expects_failure: str | None = None
    tape: tuple[Entry, ...] = ()
    histories: tuple[History, ...] = ()
    samples: tuple[Sample, ...] = ()
    replays: tuple[Replay, ...] | None = None
    gaps: tuple[str, ...] = ()
    task_timeout: float = 0
    crashes: tuple[Crash, ...] = ()
    engine: str = "dev"
    skips_time: bool = False
    falls_back: bool = False
    may_fail: bool = False
    made_up: str = ""
    namespace: str = ""
    beside: bool = False
    _views: dict[Callable[[Evidence], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def view(self, make: Callable[[Evidence], _T]) -> _T:
        """Return what a function makes of this evidence; it is made once, and kept for as long as the evidence is."""
        if make not in self._views:
            self._views[make] = make(self)
        made: _T = self._views[make]
        return made

    @cached_property
    def strikes(self) -> tuple[Entry, ...]:
        """The strikes that were made, in order."""
        return tuple(acts(self.tape, "strike"))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of the strikes that were made, each once, in order."""
        names = dict.fromkeys(strike.fault for strike in self.strikes)
        return tuple(faults.named(name) for name in names)

    @property
    def roots(self) -> tuple[History, ...]:
        """The runs of the workflow that the scenario started, in chain order."""
        return tuple(history for history in self.histories if history.root)

    @cached_property
    def executions(self) -> tuple[Evidence, ...]:
        """This evidence for each execution of the work: without the histories of what else the scenario started."""
        works = dict.fromkeys(history.workflow_id for history in self.roots)
        if len(works) < 2:
            return (self,)
        return tuple(replace(self, histories=tuple(self._of_execution(work)), beside=True) for work in works)

    def _of_execution(self, workflow_id: str) -> Iterator[History]:
        return (history for history in self.histories if not history.root or history.workflow_id == workflow_id)
