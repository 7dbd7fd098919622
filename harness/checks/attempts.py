"""The attempts of activities, as the tape tells them: who made them, what they sent, how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any

from harness import faults
from harness.records.act_facts import TimeoutAccelerated
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityFailed, ActivityTask, ReportedFailure
from harness.records.point import CLOSES_ACTIVITY, is_one_of_several
from harness.records.tape import Entry, acts
from harness.temporal import event as events
from harness.temporal.activity_options import ActivityOptions, options_of, options_on_tape


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt of one execution of an activity.

    Attributes:
        run_id: Run id of its workflow.
        activity_id: Activity id.
        workflow: Workflow as in ``Point.workflow``.
        activity: Activity type.
        execution: Which execution of that type in its run, from 1.
        number: Attempt, from 1.
        options: What was declared.
        entries: Everything on the tape that belongs to it, in order; the first is the task that was handed out.
    """

    run_id: str
    activity_id: str
    workflow: str
    activity: str
    execution: int
    number: int
    options: ActivityOptions
    entries: tuple[Entry, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """The execution it belongs to."""
        return (self.run_id, self.activity_id, self.execution)

    @property
    def name(self) -> str:
        """The execution in words: ``book 2``; with its workflow where that is a child or a later run."""
        words = f"{self.activity} {self.execution}" if self.execution else self.activity
        return words + (f" in {self.workflow}" if is_one_of_several(self.workflow) else "")

    @property
    def worker(self) -> int:
        """The worker process that it was handed to."""
        return self.entries[0].worker

    @property
    def began(self) -> float:
        """When it was handed out, in seconds since the epoch."""
        return self.entries[0].at

    @property
    def details(self) -> list[Any] | None:
        """The heartbeat details it was handed, or None."""
        task = self.entries[0].facts_as(ActivityTask)
        return task.heartbeat_details if task else None

    @property
    def heartbeats(self) -> tuple[Entry, ...]:
        """The heartbeats it sent, whether or not they were executed."""
        return tuple(self._sent("RecordActivityTaskHeartbeat"))

    @property
    def heard(self) -> bool:
        """Whether the worker process heard of it: the answer that handed it out was not lost on its way."""
        return self.entries[0].message not in self.dropped

    @property
    def answers(self) -> tuple[Entry, ...]:
        """The requests that were to end it, in order: more than one where the SDK had to send it again."""
        return tuple(self._sent(*CLOSES_ACTIVITY))

    @property
    def answer(self) -> Entry | None:
        """The request with which it ended: the one that the server took, else the first."""
        taken = self.ended.message if self.ended else 0
        return next((entry for entry in self.answers if entry.message == taken), next(iter(self.answers), None))

    @cached_property
    def ended(self) -> Entry | None:
        """The reply to its answer, where the server took it."""
        replies = (entry for entry in self.entries if entry.kind == "reply" and entry.operation in CLOSES_ACTIVITY)
        return next((entry for entry in replies if entry.status == "OK"), None)

    @property
    def failure(self) -> ReportedFailure | None:
        """The failure it reported and the server took, or None."""
        if self.ended is None or self.answer is None:
            return None
        failed = self.answer.facts_as(ActivityFailed)
        return failed.failure if failed else None

    @property
    def completed(self) -> bool:
        """Whether it completed and the server took its result."""
        return self.ended is not None and self.ended.operation == "RespondActivityTaskCompleted"

    @cached_property
    def replies(self) -> dict[int, Entry]:
        """The replies to what it sent: message number to entry. A message without one was not executed."""
        return {entry.message: entry for entry in self.entries if entry.kind == "reply"}

    @cached_property
    def dropped(self) -> dict[int, Entry]:
        """What went no further, or whose answer did not: message number to entry."""
        return {entry.message: entry for entry in self.entries if entry.kind == "dropped"}

    def answered(self, call: Entry) -> Entry | None:
        """Return the reply to a call that the worker heard whole, and that crashproof did not make up."""
        reply = self.replies.get(call.message)
        if reply is None or call.message in self.dropped or reply.injected:
            return None
        return reply if not reply.status.isdigit() or int(reply.status) < 400 else None

    def calls(self, *doors: str) -> tuple[Entry, ...]:
        """Return its requests at the model's or the effects' door."""
        return tuple(entry for entry in self.entries if entry.kind == "request" and entry.door in doors)

    def _sent(self, *operations: str) -> Iterable[Entry]:
        return (entry for entry in self.entries if entry.kind == "request" and entry.operation in operations)


_Key = tuple[str, str, int, int]


@dataclass
class _Gathering:
    first: Entry
    entries: list[Entry] = field(default_factory=list)


def attempts_of(evidence: Evidence) -> tuple[Attempt, ...]:
    """Return every attempt that the tape knows of, in the order in which they were handed out."""
    return evidence.view(_attempts)


def _attempts(evidence: Evidence) -> tuple[Attempt, ...]:
    gathered: dict[_Key, _Gathering] = {}
    owners: dict[int, _Key] = {}
    for entry in evidence.tape:
        key = _key(entry) or (owners.get(entry.message) if entry.kind == "dropped" else None)
        if key is None or (entry.kind == "dropped" and key not in gathered):
            continue
        if entry.message:
            owners[entry.message] = key
        gathered.setdefault(key, _Gathering(entry)).entries.append(entry)
    declared = _declared(evidence)
    return tuple(_attempt(gathering, declared) for gathering in gathered.values())


def by_execution(attempts: Iterable[Attempt]) -> dict[tuple[str, str, int], list[Attempt]]:
    """Group attempts by execution, in the order of their numbers."""
    groups: dict[tuple[str, str, int], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(attempt.key, []).append(attempt)
    return {key: sorted(group, key=lambda each: each.number) for key, group in groups.items()}


def deaths(evidence: Evidence) -> dict[int, float]:
    """Return when each worker process that did not live to the end died: its number to seconds since the epoch.

    A process that is stopped is dead from then on: what it says when it comes back is that of a zombie. One that is
    asked to end lives until it has ended.
    """
    died: dict[int, float] = {}
    struck = [entry for entry in evidence.strikes if _stops(entry)]
    for entry in (*struck, *acts(evidence.tape, "worker-exit")):
        if entry.worker:
            died[entry.worker] = min(entry.at, died.get(entry.worker, entry.at))
    return died


def lost_at(attempt: Attempt, died: dict[int, float]) -> float | None:
    """Return when an attempt was lost in seconds since the epoch: by the death of its worker process, or unheard."""
    return died.get(attempt.worker) if attempt.heard else attempt.began


def accelerated(evidence: Evidence, activity_id: str, *, since: float = -inf, until: float = inf) -> bool:
    """Tell whether crashproof asked for a timeout of that activity in that time."""
    return any(
        since <= entry.at <= until and _accelerated(entry) == activity_id for entry in acts(evidence.tape, "accelerate")
    )


def _accelerated(entry: Entry) -> str:
    done = entry.facts_as(TimeoutAccelerated)
    return done.activity_id if done else ""


def _stops(strike: Entry) -> bool:
    fault = faults.named(strike.fault)
    return fault.stops_worker and not fault.asks_worker_to_end


def _key(entry: Entry) -> _Key | None:
    point = entry.point
    if point is None or not entry.activity_id or not point.attempt:
        return None
    return (entry.run_id, entry.activity_id, point.execution, point.attempt)


def requests(tape: Sequence[Entry]) -> dict[int, Entry]:
    """Return the request of each message: message number to entry."""
    return {entry.message: entry for entry in tape if entry.kind == "request" and entry.message}


def _attempt(gathering: _Gathering, declared: dict[tuple[str, str], ActivityOptions]) -> Attempt:
    entry, point = gathering.first, gathering.first.point
    assert point is not None
    task = entry.facts_as(ActivityTask)
    options = declared.get((entry.run_id, entry.activity_id)) or (options_on_tape(task) if task else ActivityOptions())
    return Attempt(
        run_id=entry.run_id,
        activity_id=entry.activity_id,
        workflow=point.workflow,
        activity=point.subject,
        execution=point.execution,
        number=point.attempt,
        options=options,
        entries=tuple(gathering.entries),
    )


def _declared(evidence: Evidence) -> dict[tuple[str, str], ActivityOptions]:
    return {
        (history.run_id, str(scheduled.get("activityId", ""))): options_of(scheduled)
        for history in evidence.histories
        for scheduled in events.scheduled_activities(history).values()
    }
