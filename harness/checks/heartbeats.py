"""Heartbeats: declared where they are needed, sent in time, acted upon, delivered, and their checkpoint used."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import Any

from harness.checks import faults_met, showing
from harness.checks.attempts import Attempt, accelerated, attempts_of, by_execution, deaths, lost_at
from harness.checks.check import NothingToLookAt, check
from harness.checks.hangs import LONGEST
from harness.checks.lasting_effects import is_harmless_again
from harness.checks.lateness import Late, excusable
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityTask, HeartbeatRequest
from harness.records.tape import Entry, acts
from harness.records.verdict import EvidenceEntry, Finding, Severity
from harness.temporal import event as events
from harness.temporal.duration import in_words

_LONG_DECLARED = 60.0
_LONG_OBSERVED = 10.0
_GAP_SLACK = 0.5
_DETECTION_SLACK = 10.0
_HELD_UP = 0.5  # seconds that a message must have been held up for an attempt to be timed out though it beats
_READS = ("GET", "HEAD", "OPTIONS")


@check(
    "heartbeat-declared",
    severity=Severity.RISKY,
    why="Without a heartbeat timeout the death of a worker is noticed only after start-to-close.",
    fix="Give the activity a heartbeat_timeout, and beat from where the work makes progress.",
)
def heartbeat_declared(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """An activity that beats, that runs long, or that may run for an hour declares a heartbeat timeout.

    One whose end another process tells, or that has one attempt alone, waits for no worker that died.
    """
    attempts = attempts_of(evidence)
    if not attempts:
        raise NothingToLookAt("no activity was handed out")
    died, reported = deaths(evidence), set()
    for attempt in attempts:
        if attempt.options.heartbeat or attempt.activity in reported:
            continue
        ran, limit, words, over = _ran(attempt, died, evidence), _unheard_of_for(attempt), "", 0.0
        if attempt.heartbeats:
            words = "beats but declares no heartbeat timeout: the beats do nothing"
        elif attempt.options.start_to_close > _LONG_DECLARED and ran > _LONG_OBSERVED:
            over = ran - _LONG_OBSERVED
            words = (
                f"ran {ran:.0f} s and declares no heartbeat timeout: that its worker died is noticed "
                f"only after start-to-close, {attempt.options.start_to_close:.0f} s"
            )
        elif limit >= LONGEST:
            words = (
                f"may take {in_words(limit)} and declares no heartbeat timeout: that its worker died is noticed only "
                "when they are over"
            )
        if words:
            reported.add(attempt.activity)
            shown = attempt.heartbeats[:3] or attempt.entries[:1]
            finding = _finding(
                "heartbeat-declared", attempt, words, showing.entries(evidence, shown, saying="{operation}")
            )
            yield excusable(finding, over=over, since=attempt.began, until=attempt.entries[-1].at)


@check(
    "heartbeat-in-time",
    why="An attempt that beats too late is taken for dead while it works, and its work is done twice.",
    fix="Beat more often than the timeout says, also while waiting for a slow call, or declare a longer one.",
)
def heartbeat_in_time(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """While its worker process is alive, an activity beats within its heartbeat timeout."""
    attempts = [attempt for attempt in attempts_of(evidence) if attempt.options.heartbeat]
    if not attempts:
        raise NothingToLookAt("no activity declares a heartbeat timeout")
    died = deaths(evidence)
    for group in by_execution(attempts).values():
        for attempt, after in zip(group, [*group[1:], None], strict=True):
            limit = attempt.options.heartbeat
            silent = _silence(attempt, after, died=died, evidence=evidence)
            over = silent[1].at - silent[0].at - (limit * 1.1 + _GAP_SLACK) if silent else 0.0
            if silent and over > 0:
                words = f"sent nothing for {silent[1].at - silent[0].at:.1f} s; its heartbeat timeout is {limit:g} s"
                finding = _finding(
                    "heartbeat-in-time", attempt, words, showing.entries(evidence, silent, saying="{operation}")
                )
                yield Late(finding=finding, over=over, since=silent[0].at, until=silent[1].at, server=False)
            elif _timed_out(attempt, evidence) and not _excused(attempt, after, died, evidence):
                words = f"attempt {attempt.number} was timed out by its heartbeat timeout of {limit:g} s while alive"
                shown = showing.entries(evidence, attempt.entries[:1] + attempt.heartbeats, saying="{operation}")
                # Something was held up on its way: a beat, or the answer that handed the attempt out.
                finding, since = _finding("heartbeat-in-time", attempt, words, shown), attempt.began - limit
                yield Late(finding=finding, over=_HELD_UP, since=since, until=attempt.entries[-1].at)


@check(
    "heartbeat-detected-in-time",
    why="A dead worker that nobody notices leaves the work stuck.",
    fix="Declare a heartbeat timeout that fits, and retries that allow another attempt.",
)
def heartbeat_detected_in_time(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """A killed attempt that declares a heartbeat timeout is detected within it, and not at start-to-close."""
    died = deaths(evidence)
    groups = by_execution(each for each in attempts_of(evidence) if each.options.heartbeat)
    killed = [
        (attempt, after)
        for group in groups.values()
        for attempt, after in zip(group, [*group[1:], None], strict=True)
        if attempt.ended is None and (lost_at(attempt, died) or inf) < (after.began if after else inf)
    ]
    if not killed:
        raise NothingToLookAt("no attempt with a heartbeat timeout was killed")
    for attempt, after in killed:
        died_at = lost_at(attempt, died) or attempt.began
        limit = attempt.options.heartbeat + attempt.options.retry.delay(attempt.number)
        if after is not None and evidence.plan.real_time:
            ready = _next_ready(evidence, died_at)
            bound = max(died_at + limit, ready) + _DETECTION_SLACK
            if after.began > bound:
                words = f"attempt {after.number} began {after.began - died_at:.1f} s after the strike, "
                words += f"expected within {bound - died_at:.1f} s (heartbeat timeout {attempt.options.heartbeat:g} s)"
                shown = showing.entries(evidence, (attempt.entries[0], after.entries[0]))
                finding = _finding("heartbeat-detected-in-time", attempt, words, shown)
                yield Late(finding=finding, over=after.began - bound, since=died_at, until=after.began)
        elif after is None and evidence.end == "deadline" and attempt.options.retry.attempts != attempt.number:
            words = f"attempt {attempt.number} was killed and never detected: there was no attempt {attempt.number + 1}"
            shown = showing.entries(evidence, attempt.entries[-1:], saying="{operation}")
            yield _finding("heartbeat-detected-in-time", attempt, words, shown)


@check(
    "heartbeat-details-delivered",
    why="The next attempt begins where the last heartbeat says; without it all is done again.",
    fix="Send the details with activity.heartbeat, of types that the data converter can carry.",
)
def heartbeat_details_delivered(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The next attempt is handed the details of the last heartbeat that the server took."""
    looked = False
    for group in by_execution(attempts_of(evidence)).values():
        for index, attempt in enumerate(group):
            last = _last_heartbeat(group[:index], before=attempt.began)
            if last is None or not _was_handed_out(attempt):
                continue
            looked = True
            expected, seen = _details_of(last), attempt.details
            # A failed attempt sends its newest details along with its failure, so others may be newer.
            newer = seen is not None and any(each.failure is not None for each in group[:index])
            if (seen or []) != expected and not newer:
                words = f"attempt {attempt.number} was handed the details {showing.short(seen)}, "
                words += f"expected {showing.short(expected)}"
                shown = showing.entries(evidence, (last, attempt.entries[0]), saying="{operation}")
                yield _finding("heartbeat-details-delivered", attempt, words, shown)
    if not looked:
        raise NothingToLookAt("no attempt followed one that had beaten")


@check(
    "no-work-redone",
    severity=Severity.WASTEFUL,
    why="What was done before the checkpoint is paid for twice.",
    fix="Read activity.info().heartbeat_details at the start and go on from there.",
)
def no_work_redone(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No work from before the delivered checkpoint is done again by the next attempt.

    Work is a model call, or an effect that asking again does twice: one without an idempotency key, by POST.
    A heartbeat is sent beside the calls, so that one made just before a call may be seen just after it. It is taken as
    the checkpoint after a call only if it was never seen before that call, in this trial or undisturbed.
    """
    looked, usual = False, _usual_calls(baselines)
    early = _seen_before(evidence, *baselines)
    for group in by_execution(attempts_of(evidence)).values():
        for index, attempt in enumerate(group):
            last = _last_heartbeat(group[:index], before=attempt.began)
            if not any(attempt.details or ()) or last is None:
                continue
            looked = True
            mark = json.dumps(_details_of(last), default=str)
            done = [
                call
                for each in group[:index]
                for call in _work(each)
                if (reply := each.answered(call)) and reply.at <= last.at and (mark, _unit(call)) not in early
            ]
            repeated = [call for call in attempt.calls("model", "effect") if not is_harmless_again(call)]
            counts = Counter(_unit(call) for call in (*done, *repeated))
            again = [
                call
                for call in repeated
                if any(_unit(call) == _unit(earlier) for earlier in done)
                and counts[_unit(call)] > usual[attempt.activity, _unit(call)]
            ]
            if again:
                first = next(earlier for earlier in done if _unit(earlier) == _unit(again[0]))
                words = f"attempt {attempt.number} was handed the checkpoint {showing.short(attempt.details)} and did "
                words += f"{again[0].operation} again, which was done before it"
                shown = showing.entries(evidence, (first, last, attempt.entries[0], again[0]), saying="{operation}")
                severity = Severity.BROKEN if again[0].door == "effect" else None
                yield _finding("no-work-redone", attempt, words, shown, severity=severity)
                break
    if not looked:
        raise NothingToLookAt("no attempt was handed a checkpoint")


def _finding(
    check_name: str, attempt: Attempt, words: str, shown: tuple[EvidenceEntry, ...], *, severity: Severity | None = None
) -> Finding:
    message = f"{attempt.name} {words}"
    return Finding(check=check_name, subject=attempt.activity, message=message, evidence=shown, severity=severity)


def _unheard_of_for(attempt: Attempt) -> float:
    """Return the seconds after which a next attempt follows one whose worker died; 0 where nothing waits for a worker.

    What another process completes needs no worker, and where there is one attempt alone none follows.
    """
    options, answer = attempt.options, attempt.answer
    if answer is None or answer.worker != attempt.worker or options.retry.attempts == 1:
        return 0.0
    return min((each for each in (options.start_to_close, options.schedule_to_close) if each), default=0.0)


def _ran(attempt: Attempt, died: dict[int, float], evidence: Evidence) -> float:
    """Return how many seconds an attempt is known to have run; 0 for one that was killed, or held up by a fault."""
    answer = attempt.answer
    if answer is None or any(attempt.began <= met <= answer.at for met in faults_met.met_at(evidence)):
        return 0.0
    if died.get(attempt.worker, answer.at + 1) <= answer.at:
        return 0.0
    return answer.at - attempt.began


def _silence(
    attempt: Attempt, after: Attempt | None, *, died: dict[int, float], evidence: Evidence
) -> tuple[Entry, Entry] | None:
    """Return the two entries around the longest time in which a living worker process sent nothing for the attempt."""
    refused = _refused_at(attempt)
    spoken = [attempt.entries[0], *attempt.heartbeats, *([attempt.answer] if attempt.answer else [])]
    spoken = [entry for entry in spoken if entry.at <= refused]
    if attempt.answer is None and after is not None and refused == inf:
        spoken.append(after.entries[0])
    death, hindered = lost_at(attempt, died), _hindered(attempt, evidence)
    gaps = [
        (one, other)
        for one, other in pairwise(spoken)
        if (death is None or other.at <= death) and not any(one.at <= each <= other.at for each in hindered)
    ]
    return max(gaps, key=lambda gap: gap[1].at - gap[0].at, default=None)


def _refused_at(attempt: Attempt) -> float:
    """Return when the server refused a beat, so that the worker knows that the attempt is over; infinity if never."""
    replies = (attempt.replies.get(beat.message) for beat in attempt.heartbeats)
    return min((reply.at for reply in replies if reply is not None and reply.status == "NOT_FOUND"), default=inf)


def _timed_out(attempt: Attempt, evidence: Evidence) -> bool:
    """Tell whether history or samples show that this attempt ended by its heartbeat timeout."""
    for sample in evidence.samples:
        for pending in sample.pending if sample.run_id == attempt.run_id else ():
            known = pending.get("activityId") == attempt.activity_id
            if (
                known
                and int(pending.get("attempt", 1)) == attempt.number + 1
                and _is_heartbeat(pending.get("lastFailure"))
            ):
                return True
    for history in evidence.histories:
        if history.run_id != attempt.run_id:
            continue
        for event in history.of_type("ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_TIMED_OUT"):
            attributes = events.attributes(event)
            ids = events.scheduled_activities(history).get(int(attributes.get("scheduledEventId", 0)), {})
            if ids.get("activityId") != attempt.activity_id:
                continue
            if "attempt" in attributes:
                last = int(attributes["attempt"])
                if last == attempt.number + 1 and _is_heartbeat(attributes.get("lastFailure")):
                    return True
            elif last == attempt.number and _is_heartbeat(attributes.get("failure")):
                return True
    return False


def _is_heartbeat(failure: dict[str, object] | None) -> bool:
    timeout = (failure or {}).get("timeoutFailureInfo")
    return isinstance(timeout, dict) and timeout.get("timeoutType") == "TIMEOUT_TYPE_HEARTBEAT"


def _excused(attempt: Attempt, after: Attempt | None, died: dict[int, float], evidence: Evidence) -> bool:
    """Tell whether a heartbeat timeout of the attempt is of crashproof's own making."""
    until = after.began if after else inf
    hindered = any(attempt.began <= each <= until for each in _hindered(attempt, evidence))
    hurried = accelerated(evidence, attempt.activity_id)
    return hindered or hurried or (lost_at(attempt, died) or until) < until


def _hindered(attempt: Attempt, evidence: Evidence) -> list[float]:
    """Return when the server was killed, or a message of the attempt to it was kept from it."""
    killed = [strike.at for strike in evidence.strikes if faults_met.fault_of(strike).ends_server]
    return killed + [dropped.at for dropped in attempt.dropped.values() if dropped.door == "wire"]


def _next_ready(evidence: Evidence, died_at: float) -> float:
    return next((entry.at for entry in acts(evidence.tape, "worker-ready") if entry.at > died_at), died_at)


def _last_heartbeat(earlier: Sequence[Attempt], *, before: float) -> Entry | None:
    """Return the request of the last heartbeat of these attempts that the server took before that time."""
    taken = [
        (reply.at, index, heartbeat)
        for attempt in earlier
        for index, heartbeat in enumerate(attempt.heartbeats)
        if (reply := attempt.replies.get(heartbeat.message)) is not None and reply.status == "OK" and reply.at <= before
    ]
    return max(taken, key=lambda each: each[:2])[2] if taken else None


def _details_of(heartbeat: Entry) -> list[Any]:
    sent = heartbeat.facts_as(HeartbeatRequest)
    return sent.details if sent else []


def _was_handed_out(attempt: Attempt) -> bool:
    return isinstance(attempt.entries[0].facts, ActivityTask)


def _work(attempt: Attempt) -> list[Entry]:
    """Return the calls of an attempt whose answers were heard, apart from reads of effects and effects with a key."""
    return [
        call
        for call in attempt.calls("model", "effect")
        if attempt.answered(call) is not None
        and not is_harmless_again(call)
        and not (call.door == "effect" and call.http.method.upper() in _READS)
    ]


def _seen_before(*trials: Evidence) -> set[tuple[str, str]]:
    """Return which details of a heartbeat were seen before which call of the same attempt."""
    return {
        (json.dumps(_details_of(heartbeat), default=str), _unit(call))
        for evidence in trials
        for attempt in attempts_of(evidence)
        for heartbeat in attempt.heartbeats
        for call in attempt.calls("model", "effect")
        if heartbeat.at < call.at
    }


def _unit(call: Entry) -> str:
    return json.dumps([call.operation, call.http.path, call.http.body], sort_keys=True, default=str)


def _usual_calls(baselines: Sequence[Evidence]) -> Counter[tuple[str, str]]:
    """Return how often an undisturbed execution makes each call, at most."""
    most: Counter[tuple[str, str]] = Counter()
    for baseline in baselines:
        for group in by_execution(attempts_of(baseline)).values():
            counts = Counter(_unit(call) for attempt in group for call in attempt.calls("model", "effect"))
            for unit, count in counts.items():
                most[group[0].activity, unit] = max(most[group[0].activity, unit], count)
    return most
