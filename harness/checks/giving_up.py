"""Giving up: where no attempt can succeed any more the work ends soon, says why, and leaves nothing half done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import faults_met, lasting_effects, showing
from harness.checks.attempts import Attempt, attempts_of, by_execution
from harness.checks.check import CannotTell, NothingToLookAt, check
from harness.checks.executions import each_execution
from harness.checks.lateness import Late, excusable
from harness.faults.fault import Fault
from harness.faults.transport import ForgetName, RefuseConnections
from harness.records.evidence import Evidence, History
from harness.records.message_facts import WorkflowTaskFailed
from harness.records.tape import Entry
from harness.records.verdict import EvidenceEntry, Finding, Severity
from harness.temporal import event as events
from harness.temporal.failure import failure_type, failures_of

_OUTAGE_SLACK = 15.0
_ATTEMPT_SLACK = 2.0
_CLOSE_SLACK = 30.0
_UNCLASSIFIED = ("", "Exception", "BaseException", "RuntimeError", "Error")
_ENDS = ("ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT")


@check(
    "outage-ends-at-cap",
    why="An outage must end as declared: neither before the attempts are used up nor long after.",
    fix="Let the activity fail with an error that may be retried, and declare maximum_attempts or "
    "schedule_to_close_timeout.",
)
def outage_ends_at_cap(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """An outage of the model ends soon after the last of the attempts, or of the time, that is declared for it."""
    hit = [group for group in by_execution(attempts_of(evidence)).values() if _is_outage(group)]
    if not hit:
        raise NothingToLookAt("no activity met an outage of the model that lasted")
    if left := faults_met.still_retrying(evidence):
        raise CannotTell(left)
    reported: set[str] = set()
    for group in hit:
        end = _end_of(group[0], evidence)
        words, over = _ended_wrongly(group, end, evidence), 0.0
        if not words:
            words, over = _ended_late(group, end, evidence, baselines)
        if words and group[0].activity not in reported:
            shown = showing.entries(evidence, [attempt.entries[0] for attempt in group][-5:], saying="{operation}")
            shown += (showing.event(end[1]),) if end[1] else ()
            message = f"{group[0].name} {words}"
            options = group[0].options
            severity = None if options.retry.attempts or options.schedule_to_close else Severity.RISKY
            finding = Finding(
                check="outage-ends-at-cap",
                subject=group[0].activity,
                message=message,
                evidence=shown,
                severity=severity,
            )
            if not over:
                reported.add(group[0].activity)
            yield excusable(finding, over=over, since=events.at(end[0]), until=events.at(end[1]))


@check(
    "gives-up-cleanly",
    why="Work that cannot succeed must end, say why, and leave nothing half done.",
    fix="Let the failure reach the workflow with a type of its own, cancel what is still open, and undo what was done.",
)
def gives_up_cleanly(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """Under a fault that nothing heals the work fails soon, says what failed, and leaves nothing open or half done."""
    fault = faults_met.may_fail(evidence)
    if fault is None or evidence.end in ("stopped", "over") or not evidence.roots:
        raise NothingToLookAt("no fault made it impossible to succeed")
    for execution, usual in each_execution(evidence, baselines):
        yield from _given_up_badly(execution, usual, fault)
    yield from _left_open(evidence, baselines)
    yield from _left_running(evidence, baselines)
    yield from _half_done(evidence, baselines)


def _given_up_badly(evidence: Evidence, baselines: Sequence[Evidence], fault: Fault) -> Iterator[Finding | Late]:
    subject, close = evidence.roots[-1].path, events.root_close(evidence)
    if close is None:
        if left := faults_met.still_retrying(evidence):
            raise CannotTell(left)
        words = f"{subject} was not given up under {fault.name}{_why_open(evidence)}"
        yield _finding(
            f"{subject} open", words, (), severity=Severity.RISKY if faults_met.tried_for_ever(evidence) else None
        )
        return
    if evidence.beside and events.kind(close) == "WORKFLOW_EXECUTION_COMPLETED":
        return
    shown = (showing.event(close),)
    if words := _badly_described(close, fault):
        yield _finding(f"{subject} failure", f"{subject} {words}", shown, severity=Severity.RISKY)
    words, since, over = _took_long(evidence, close, baselines)
    if words:
        finding = _finding(f"{subject} time", f"{subject} {words}", shown)
        yield Late(finding=finding, over=over, since=since, until=events.at(close))


def _finding(
    subject: str, words: str, shown: tuple[EvidenceEntry, ...], *, severity: Severity | None = None
) -> Finding:
    return Finding(check="gives-up-cleanly", subject=subject, message=words, evidence=shown, severity=severity)


def _is_outage(group: Sequence[Attempt]) -> bool:
    """Tell whether an execution met an outage that outlasted it: one for ever, or for all its declared attempts."""
    met = [each for attempt in group for each in faults_met.faulted_calls_of(attempt) if not each.final]
    if any(attempt.completed for attempt in group):
        return False
    hit = {each.attempt.number for each in met if each.fault.times > 1}
    return any(each.fault.times == 0 for each in met) or 0 < group[0].options.retry.attempts <= len(hit)


def _end_of(attempt: Attempt, evidence: Evidence) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the events that scheduled an activity and that ended it badly; each empty if there is none."""
    for history in evidence.histories:
        if history.run_id != attempt.run_id:
            continue
        for scheduled in history.of_type("ACTIVITY_TASK_SCHEDULED"):
            if events.attributes(scheduled).get("activityId") == attempt.activity_id:
                ends = (each for each in history.of_type(*_ENDS) if _refers(each, scheduled))
                return scheduled, next(ends, {})
    return {}, {}


def _refers(event: dict[str, Any], scheduled: dict[str, Any]) -> bool:
    return int(events.attributes(event).get("scheduledEventId", 0)) == events.number(scheduled)


def _ended_wrongly(group: Sequence[Attempt], end: tuple[dict[str, Any], dict[str, Any]], evidence: Evidence) -> str:
    options, seen = group[0].options, group[-1].number
    attempts = options.retry.attempts
    if not attempts and not options.schedule_to_close:
        return f"is tried for as long as the model is out, {seen} times so far: nothing that is declared ends it"
    if not end[1]:
        declared = f"{attempts} attempts" if attempts else f"{options.schedule_to_close:g} s"
        return f"did not end: {seen} attempts were seen, {declared} are declared" if evidence.end == "deadline" else ""
    attributes = events.attributes(end[1])
    if "retryState" not in attributes and (seen == attempts or options.schedule_to_close):
        return ""  # of an activity without a workflow the server does not tell it
    state = str(attributes.get("retryState", "")).removeprefix("RETRY_STATE_")
    timeout = ((attributes.get("failure") or {}).get("timeoutFailureInfo") or {}).get("timeoutType", "")
    if options.schedule_to_close and (state == "TIMEOUT" or timeout == "TIMEOUT_TYPE_SCHEDULE_TO_CLOSE"):
        return ""
    if state == "CANCEL_REQUESTED" or (state == "MAXIMUM_ATTEMPTS_REACHED" and seen == attempts):
        return ""
    declared = f"{attempts} attempts" if attempts else f"{options.schedule_to_close:g} s for all attempts"
    return f"was given up after attempt {seen} with retry state {state or 'UNSPECIFIED'}; declared are {declared}"


def _ended_late(
    group: Sequence[Attempt],
    end: tuple[dict[str, Any], dict[str, Any]],
    evidence: Evidence,
    baselines: Sequence[Evidence],
) -> tuple[str, float]:
    """Return what is wrong with the time from when an activity was scheduled to its end, and by how many seconds."""
    if not end[1] or len(evidence.strikes) > 1:
        return "", 0.0
    options = group[0].options
    took = events.at(end[1]) - events.at(end[0])
    bound = sum(_delay(attempt) for attempt in group[:-1])
    usual = _longest(group[0].activity, baselines) + _ATTEMPT_SLACK
    bound += sum(max(usual, _silent(attempt)) for attempt in group)
    bound = min(bound, options.schedule_to_close or bound) + _OUTAGE_SLACK
    if took <= bound:
        return "", 0.0
    return f"was given up after {took:.1f} s; what is declared allows {bound:.1f} s", took - bound


def _delay(attempt: Attempt) -> float:
    """Return the declared wait after an attempt; what its failure asked for counts up to the declared maximum."""
    options = attempt.options
    asked = attempt.failure.next_retry_delay if attempt.failure else None
    return options.retry.delay(attempt.number) if asked is None else min(asked, options.retry.longest)


def _silent(attempt: Attempt) -> float:
    """Return how long an attempt may last that a fault lets time out: where that is not brought forward, all of it."""
    timed_out = any(map(faults_met.lets_time_out, attempt.dropped.values()))
    return attempt.options.start_to_close if timed_out else 0.0


def _longest(activity: str, baselines: Sequence[Evidence]) -> float:
    ran = [
        attempt.ended.at - attempt.began
        for baseline in baselines
        for attempt in attempts_of(baseline)
        if attempt.activity == activity and attempt.ended
    ]
    return max(ran, default=0.0)


def _why_open(evidence: Evidence) -> str:
    requests = (entry for entry in evidence.tape if entry.kind == "request")
    failed = [failure for entry in requests if (failure := entry.facts_as(WorkflowTaskFailed))]
    if not failed:
        return ""
    return f": its workflow task failed {showing.times(len(failed))}: {failed[-1].failure.message[:200]}"


def _badly_described(close: dict[str, Any], fault: Fault) -> str:
    kind = events.kind(close)
    if kind == "WORKFLOW_EXECUTION_TIMED_OUT":
        return f"timed out under {fault.name}, expected it to fail before"
    if kind != "WORKFLOW_EXECUTION_FAILED":
        return ""
    types = [failure_type(failure) for failure in failures_of(close)]
    timed_out = any((failure.get("timeoutFailureInfo") or {}).get("timeoutType") for failure in failures_of(close))
    if timed_out or any(type_name not in _UNCLASSIFIED for type_name in types):
        return ""
    named = next((type_name for type_name in types if type_name), "no type")
    return f"failed with {named}: its failure, causes included, does not tell what kind of failure it is"


def _unreached(evidence: Evidence) -> list[float]:
    """Return when attempts ended that failed where a service could not be reached any more."""
    if not any(isinstance(fault.action, RefuseConnections | ForgetName) for fault in evidence.faults):
        return []
    return [attempt.ended.at for attempt in attempts_of(evidence) if attempt.failure and attempt.ended]


def _took_long(evidence: Evidence, close: dict[str, Any], baselines: Sequence[Evidence]) -> tuple[str, float, float]:
    """Return what is wrong with the time from the last message that met the fault to the end of the workflow.

    With it comes when that time began, and by how many seconds it was too long.

    What never reaches a door, because its service cannot be reached, is as late as the end of the attempt.
    """
    met = [at for at in (*faults_met.met_at(evidence), *_unreached(evidence)) if at <= events.at(close)]
    if evidence.skips_time or not met:
        return "", 0.0, 0.0
    hangs = max((fault.action.impact.seconds for fault in evidence.faults), default=0.0)  # the last one that met it
    bound = max(map(_duration, baselines), default=0.0) + hangs + _CLOSE_SLACK
    took = events.at(close) - max(met)
    if took <= bound:
        return "", 0.0, 0.0
    words = f"ended {took:.1f} s after the last call that failed, expected within {bound:.1f} s"
    return words, max(met), took - bound


def _duration(evidence: Evidence) -> float:
    close = events.root_close(evidence)
    begun = evidence.roots[0].events[:1] if evidence.roots else ()
    return events.at(close) - events.at(begun[0]) if close and begun else 0.0


def _left_open(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    undisturbed = [history for baseline in baselines for history in baseline.histories]
    for history in evidence.histories:
        close, left = events.close_of(history), events.open_activities(history)
        usual = [events.open_activities(each) for each in undisturbed if each.path == history.path]
        failed = close is not None and events.kind(close) == "WORKFLOW_EXECUTION_FAILED"
        if failed and close is not None and len(left) > max(map(len, usual), default=0):
            name = events.activity_type(events.attributes(left[0]))
            words = f"{name} was still open when {history.path} failed: nobody waits for it, and nobody cancels it"
            yield _finding(f"{name} open", words, (showing.event(left[0]), showing.event(close)))


def _left_running(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    usual = {history.path for baseline in baselines for history in baseline.histories if _runs_on(history, baseline)}
    for history in evidence.histories:
        if _runs_on(history, evidence) and history.path not in usual:
            words = f"child workflow {history.path} was left running: its parent has ended, and nothing ends it"
            shown = (showing.event(history.events[-1]),) if history.events else ()
            yield _finding(f"{history.path} running", words, shown)


def _runs_on(history: History, evidence: Evidence) -> bool:
    """Tell whether a child is open, and was told to go on when its parent ends."""
    if history.root or events.close_of(history) is not None:
        return False
    started = (
        events.attributes(event)
        for parent in evidence.histories
        for event in parent.of_type("START_CHILD_WORKFLOW_EXECUTION_INITIATED")
    )
    return any(
        child.get("workflowId") == history.workflow_id and str(child.get("parentClosePolicy", "")).endswith("ABANDON")
        for child in started
    )


def _half_done(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Yield the effects of activities that never completed, unless another effect has undone them."""
    attempts = {attempt.key: attempt for attempt in attempts_of(evidence)}
    done = {attempt.key for attempt in attempts_of(evidence) if attempt.completed}
    usual = {effect.name for baseline in baselines for effect in lasting_effects.effects_of(baseline)}
    completes = {attempt.activity for base in baselines for attempt in attempts_of(base) if attempt.completed}
    effects = lasting_effects.effects_of(evidence)
    for effect in effects:
        keys = {_key(entry) for entry in effect.entries}
        owner = next((attempts[key] for key in keys if key in attempts), None)
        undone = any(each.name not in usual and each.entries[0].at > effect.entries[0].at for each in effects)
        if owner is None or keys & done or undone or effect.name not in usual or owner.activity not in completes:
            continue
        words = f"{effect.name} of {owner.name} has happened, and {owner.name} never completed"
        yield _finding(f"{effect.name} half done", words, showing.entries(evidence, effect.entries))


def _key(entry: Entry) -> tuple[str, str, int]:
    return (entry.run_id, entry.activity_id, entry.point.execution if entry.point else 0)
