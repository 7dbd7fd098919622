"""Deadlines: how long a trial may take, from the timeouts that the baseline's own history declares."""

from __future__ import annotations

from dataclasses import dataclass

from harness.faults.fault import Fault
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask
from harness.records.plan import Plan
from harness.records.tape import Entry, acts

SLACK = 20.0
"""Seconds that a trial may take beyond all that is declared."""

BASELINE_LIMIT = 120.0
"""Seconds that a baseline may take: nothing is known yet about the work."""

_UNLIMITED = 6  # attempts that are waited for where none are declared
_ACCELERATED = 4.0  # seconds until an accelerated timeout has happened and the attempt has been scheduled anew
_SERVER_TASK_TIMEOUT = 10.0
_LEAST_TASK_TIMEOUT = 2.0
_STICKY = 10.0


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a trial may take.

    Attributes:
        limit: Seconds from the start of the work until the deadline.
        task_timeout: Workflow task timeout in seconds to start the work with; 0: the server's own (10 s).
    """

    limit: float
    task_timeout: float = 0.0


def bounds(baseline: Evidence, plan: Plan, *, time_limit: float) -> Bounds:
    """Return the bounds of a trial under a plan.

    Args:
        baseline: An undisturbed run of the same scenario.
        plan: The plan; real-time trials wait for timeouts as declared.
        time_limit: The scenario's own limit in seconds, which nothing passes; 0: none.
    """
    task_timeout = 0.0 if plan.real_time else _task_timeout(baseline.tape)
    detected = max(_detection(baseline), default=0.0) if plan.real_time else _ACCELERATED
    waiting = (task_timeout or _SERVER_TASK_TIMEOUT) + (_STICKY if plan.real_time else 0.0)
    strike = detected + max(_backoffs(baseline), default=0.0) + waiting + 4 * _start_of_worker(baseline.tape)
    limit = 3 * _duration(baseline.tape) + strike * max(1, len(plan.strikes)) + SLACK
    limit += sum(_more(fault, baseline) for fault in plan.faults)
    return Bounds(limit=min(limit, time_limit) if time_limit else limit, task_timeout=task_timeout)


def _more(fault: Fault, baseline: Evidence) -> float:
    """Return the seconds that a fault takes beyond what the loss of a worker does."""
    impact = fault.action.impact
    if not impact.fails_attempts:
        return impact.seconds
    tries = fault.times or _UNLIMITED
    return impact.seconds + max((_ladder(entry, tries) for entry in _activity_tasks(baseline.tape)), default=0.0)


def _ladder(task: ActivityTask, tries: int) -> float:
    """Return the seconds between the first and the last of so many attempts, or of as many as are declared."""
    policy = task.retry_policy
    attempts = min(tries + 1, policy.attempts or tries + 1)
    longest = policy.maximum or 100 * policy.initial
    waits = (min(policy.initial * policy.coefficient**number, longest) for number in range(attempts - 1))
    return float(min(sum(waits), task.schedule_to_close_timeout or float("inf")))


def activity_bounds(baseline: Evidence) -> dict[str, float]:
    """Return for each activity type the declared time in seconds after which its loss is noticed."""
    return {task.activity_type: _bound(task) for task in _activity_tasks(baseline.tape)}


def _detection(baseline: Evidence) -> list[float]:
    return list(activity_bounds(baseline).values())


def _backoffs(baseline: Evidence) -> list[float]:
    return [
        min(policy.initial * policy.coefficient, policy.maximum or float("inf"))
        for policy in (task.retry_policy for task in _activity_tasks(baseline.tape))
    ]


def _activity_tasks(tape: tuple[Entry, ...]) -> list[ActivityTask]:
    return [task for entry in tape if (task := entry.facts_as(ActivityTask))]


def _bound(task: ActivityTask) -> float:
    declared = (task.heartbeat_timeout, task.start_to_close_timeout)
    return min(seconds for seconds in (*declared, float("inf")) if seconds) if any(declared) else 0.0


def _task_timeout(tape: tuple[Entry, ...]) -> float:
    """Return a workflow task timeout that the worker keeps with room to spare, yet is soon over."""
    handed: dict[tuple[str, int], float] = {}
    longest = 0.0
    for entry in tape:
        if entry.operation == "PollWorkflowTaskQueue" and entry.kind == "reply" and entry.run_id:
            handed[entry.run_id, entry.worker] = entry.at
        elif entry.operation == "RespondWorkflowTaskCompleted" and entry.kind == "request":
            longest = max(longest, entry.at - handed.get((entry.run_id, entry.worker), entry.at))
    return min(max(_LEAST_TASK_TIMEOUT, 5 * longest), _SERVER_TASK_TIMEOUT)


def _duration(tape: tuple[Entry, ...]) -> float:
    begun = next((entry.at for entry in acts(tape, "start")), tape[0].at if tape else 0.0)
    return max(0.0, tape[-1].at - begun) if tape else 0.0


def _start_of_worker(tape: tuple[Entry, ...]) -> float:
    started = next((entry.at for entry in acts(tape, "start-worker")), 0.0)
    return max(0.0, next((entry.at for entry in acts(tape, "worker-ready")), started) - started)
