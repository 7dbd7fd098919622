"""Recovery: after a strike the work goes on in time, and a worker process that is asked to end does so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from harness.checks import faults_met, showing
from harness.checks.attempts import Attempt, attempts_of, by_execution
from harness.checks.check import NothingToLookAt, check
from harness.checks.executions import name_of
from harness.checks.lateness import Late
from harness.faults.action import TERM_SECONDS
from harness.records.evidence import Evidence
from harness.records.tape import Entry, acts
from harness.records.verdict import Finding, Severity, TimeTaken
from harness.temporal import event as events
from harness.temporal.activity_options import options_of

_WORKFLOW_TASK_TIMEOUT = 10.0
_STICKY_TIMEOUT = 10.0
_SLACK = 15.0
_STOPPING = 10.0  # seconds that a process must have been kept waiting while it stopped for that to excuse it


@check(
    "recovers-in-time",
    why="Work that does not go on after a failure is stuck until somebody notices.",
    fix="Declare timeouts that notice the loss: heartbeat_timeout for what runs long, start_to_close_timeout for all.",
)
def recovers_in_time(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late | TimeTaken]:
    """After a strike the work makes progress within the time that the declared timeouts allow."""
    close = events.root_close(evidence)
    closed = events.at(close) if close else float("inf")
    strikes = [strike for strike in evidence.strikes if strike.at < closed]
    if not strikes:
        raise NothingToLookAt("no strike was made while the workflow was open")
    for strike, following in zip(strikes, [*strikes[1:], None], strict=True):
        progress = _progress_after(strike, evidence)
        if following is not None and (progress is None or progress.at > following.at):
            continue  # The next strike came before there was any progress: it is judged there.
        if progress is None and evidence.end != "deadline":
            continue
        bound = _bound(strike, evidence)
        took = progress.at - strike.at if progress else None
        if took is not None:
            yield TimeTaken(took=round(took, 3), allowed=round(bound, 3))
        if took is None or took > bound:
            seen = "no progress was made" if took is None else f"progress came {took:.1f} s later"
            words = f"after {strike.fault or 'the strike'} {seen}; declared timeouts allow {bound:.1f} s"
            shown = showing.entries(evidence, [strike, *([progress] if progress else [])])
            finding = Finding(check="recovers-in-time", subject=name_of(evidence), message=words, evidence=shown)
            over = inf if took is None else took - bound
            yield Late(finding=finding, over=over, since=strike.at, until=strike.at + (took or 0.0))


@check(
    "graceful-stop",
    severity=Severity.RISKY,
    why="Who deploys a new version kills what does not end in time, and all that was under way is lost.",
    fix="End the worker on SIGTERM: give it a graceful_shutdown_timeout below the time that the platform allows.",
)
def graceful_stop(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """A worker process that is asked to end with SIGTERM is gone within 40 s, and need not be killed."""
    asked = [strike for strike in evidence.strikes if faults_met.fault_of(strike).asks_worker_to_end]
    looked = False
    for strike in asked:
        ended = next((each for each in acts(evidence.tape, "worker-exit") if each.worker == strike.worker), None)
        overstayed = any(each.worker == strike.worker for each in acts(evidence.tape, "worker-overstayed"))
        until = ended.at if ended else evidence.tape[-1].at
        looked = looked or overstayed or ended is not None or until - strike.at > TERM_SECONDS
        if overstayed or until - strike.at > TERM_SECONDS:
            words = f"the worker process did not end within {TERM_SECONDS:g} s of SIGTERM"
            shown = showing.entries(evidence, [strike, *([ended] if ended else [])])
            finding = Finding(check="graceful-stop", subject="the worker process", message=words, evidence=shown)
            yield Late(finding=finding, over=_STOPPING, since=strike.at, until=until)
    if not looked:
        raise NothingToLookAt("no worker process was asked to end, or the trial was over first")


def _progress_after(strike: Entry, evidence: Evidence) -> Entry | None:
    """Return the first message that the server, the model or an effect has executed since.

    Where the struck worker process does no more, it is one of a later process.
    """
    stopped = strike.worker if faults_met.fault_of(strike).stops_worker else 0
    return next(
        (
            entry
            for entry in evidence.tape
            if entry.kind == "reply"
            and entry.point is not None
            and entry.at > strike.at
            and entry.worker
            and (entry.worker != stopped or stopped == 0)
            and (entry.status == "OK" or entry.door != "wire")
            and not entry.injected
        ),
        None,
    )


def _bound(strike: Entry, evidence: Evidence) -> float:
    """Return the seconds after the strike in which there must have been progress.

    That is the longest that anything may have to wait, or until the new worker process, or the server, is ready if
    that is later, and slack.
    """
    waiting = [0.0]
    for group in by_execution(attempts_of(evidence)).values():
        begun = [attempt for attempt in group if attempt.began <= strike.at]
        if begun:
            waiting.append(_wait(begun[-1], strike.at))
    waiting += [events.timer_left(history, strike.at) for history in evidence.histories]
    waiting += _unheard(strike, evidence)
    longest = max(waiting) + max(evidence.task_timeout, _WORKFLOW_TASK_TIMEOUT) + _STICKY_TIMEOUT
    again = "start-server" if faults_met.fault_of(strike).ends_server else "worker-ready"
    ready = next((entry.at for entry in acts(evidence.tape, again) if entry.at > strike.at), strike.at)
    return max(longest, ready - strike.at) + _SLACK


def _wait(attempt: Attempt, at: float) -> float:
    """Return how long the next attempt may take to come, for one that the strike met running or between attempts."""
    options = attempt.options
    asked = attempt.failure.next_retry_delay if attempt.failure else None
    delay = options.retry.delay(attempt.number, next_retry_delay=asked)
    if attempt.ended is None or attempt.ended.at > at:
        return options.detection + delay
    return delay if attempt.failure is not None else 0.0


def _unheard(strike: Entry, evidence: Evidence) -> list[float]:
    """Return how long each activity may take that was scheduled before the strike and that no worker has heard of yet.

    Its task may be lost with the answer that handed it out.
    """
    heard = {(attempt.run_id, attempt.activity_id) for attempt in attempts_of(evidence) if attempt.began <= strike.at}
    return [
        options.detection + options.retry.delay(1)
        for history in evidence.histories
        for event in history.of_type("ACTIVITY_TASK_SCHEDULED")
        if events.at(event) <= strike.at and (history.run_id, events.attributes(event).get("activityId")) not in heard
        for options in [options_of(events.attributes(event))]
    ]
