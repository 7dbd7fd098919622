"""Deadlines: how long a trial may take, from the timeouts and retry policies of the activities that a baseline ran."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from harness.faults.fault import Fault
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask
from harness.records.plan import Plan
from harness.records.tape import Entry, acts
from harness.temporal.activity_options import ActivityOptions, options_on_tape

SLACK = 20.0
"""Seconds that a trial may take beyond all that is declared."""

BASELINE_LIMIT = 120.0
"""Seconds that a baseline may take: nothing is known yet about the work."""

LONGEST_OUTAGE = 300.0
"""Seconds that are waited at most for the declared attempts to be used up; if that is not enough, it is told."""

_PUT_OFF = 3.0  # times the deadline, at most, until which it is put off
_UNLIMITED = 6  # attempts that are waited for where none are declared
_ACCELERATED = 4.0  # seconds until an accelerated timeout has happened and the attempt has been scheduled anew
_SERVER_TASK_TIMEOUT = 10.0
_LEAST_TASK_TIMEOUT = 2.0
_STICKY = 10.0


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a trial may take in all, and each of its workflow tasks.

    Attributes:
        limit: Seconds from the start of the work until the deadline.
        task_timeout: Workflow task timeout in seconds to start the work with; 0: the server's own (10 s).
        most: Seconds until the deadline that nothing passes; 0: a busy machine may put it off, up to three times.
        executions: How many executions of the work are followed to their ends, at least.
    """

    limit: float
    task_timeout: float = 0.0
    most: float = 0.0
    executions: int = 1

    def put_off(self, lag: float) -> float:
        """Return the seconds until the deadline where a busy machine kept the trial waiting for so many of them."""
        return min(self.limit + lag, self.most or _PUT_OFF * self.limit)


@dataclass(frozen=True, kw_only=True)
class _Durations:
    """How long what a run does takes, and may take: read once from an undisturbed run, for all trials of a sweep.

    Attributes:
        options: Options of its activities, those that are equal once.
        detected: Declared seconds after which the loss of an activity is noticed, of the activity that has the most.
        task_timeout: A workflow task timeout in seconds that the worker keeps with room to spare, yet is soon over.
        run: Seconds from the start of the work to the end.
        start_of_worker: Seconds from the start of a worker process to its first poll.
        executions: How many executions of the work there are.
    """

    options: tuple[ActivityOptions, ...]
    detected: float
    task_timeout: float
    run: float
    start_of_worker: float
    executions: int


def _durations(baseline: Evidence) -> _Durations:
    return _Durations(
        options=tuple({options: None for _, options in _activities(baseline)}),
        detected=max(activity_bounds(baseline).values(), default=0.0),
        task_timeout=_task_timeout(baseline.tape),
        run=_duration(baseline.tape),
        start_of_worker=_start_of_worker(baseline.tape),
        executions=len(baseline.executions),
    )


def bounds(baseline: Evidence, plan: Plan, *, time_limit: float) -> Bounds:
    """Return the bounds of a trial under a plan.

    Args:
        baseline: An undisturbed run of the same scenario.
        plan: The plan; real-time trials wait for timeouts as declared.
        time_limit: The scenario's own limit in seconds, which nothing passes; 0: none.
    """
    undisturbed = baseline.view(_durations)
    task_timeout = 0.0 if plan.real_time else undisturbed.task_timeout
    detected = undisturbed.detected if plan.real_time else _ACCELERATED
    waiting = (task_timeout or _SERVER_TASK_TIMEOUT) + (_STICKY if plan.real_time else 0.0)
    backoff = max((options.retry.delay(2) for options in undisturbed.options), default=0.0)
    strike = detected + backoff + waiting + 4 * undisturbed.start_of_worker
    limit = 3 * undisturbed.run + strike * max(1, len(plan.strikes)) + SLACK
    limit += sum(_more(fault, undisturbed) for fault in plan.faults)
    return Bounds(
        limit=min(limit, time_limit) if time_limit else limit,
        task_timeout=task_timeout,
        most=time_limit,
        executions=undisturbed.executions,
    )


def _more(fault: Fault, undisturbed: _Durations) -> float:
    """Return the seconds that a fault takes beyond what the loss of a worker does."""
    impact = fault.action.impact
    if not impact.fails_attempts:
        return impact.seconds
    waits = (_waits(options, fault.times) for options in undisturbed.options)
    return impact.seconds + min(max(waits, default=0.0), LONGEST_OUTAGE)


def _waits(options: ActivityOptions, tries: int) -> float:
    """Return the seconds from the first to the last of so many failed tries and one more, or of the declared attempts.

    Where every try fails (0) that is as many as are declared, or as come in the time that is declared for all. The time
    that the attempts themselves take is not counted.
    """
    declared = options.retry.attempts
    if not tries and not declared and options.schedule_to_close:
        return options.schedule_to_close
    attempts = min(tries + 1, declared or tries + 1) if tries else declared or _UNLIMITED + 1
    return min(sum(options.retry.delays(attempts)), options.schedule_to_close or inf)


def activity_bounds(baseline: Evidence) -> dict[str, float]:
    """Return for each activity type the declared time in seconds after which its loss is noticed."""
    return {activity: options.detection for activity, options in _activities(baseline)}


def _activities(baseline: Evidence) -> list[tuple[str, ActivityOptions]]:
    """Return the activity type and the options of each activity task that was handed out."""
    tasks = (task for entry in baseline.tape if (task := entry.facts_as(ActivityTask)))
    return [(task.activity_type, options_on_tape(task)) for task in tasks]


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
