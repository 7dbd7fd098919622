"""Retries: within the cap, spaced as declared, bounded, and never where they were ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from harness.checks import showing
from harness.checks.attempts import Attempt, accelerated, attempts_of, by_execution
from harness.checks.check import NothingToLookAt, check
from harness.records.activity_account import recorded, why_no_history
from harness.records.evidence import Evidence, History
from harness.records.message_facts import ActivityFailed, ReportedFailure
from harness.records.tape import acts
from harness.records.verdict import Finding, Severity
from harness.temporal import event as events
from harness.temporal.activity_options import ActivityOptions, options_of
from harness.temporal.failure import failure_type, failures_of

_EARLY_SHARE = 0.05
_EARLY_SECONDS = 0.1
_FORWARDED = 5.0  # seconds until crashproof has seen that a fast-forward has ended


@check(
    "retry-cap",
    why="Somebody declared how often this may happen, and it happened more often.",
    fix="Do not schedule the activity again in a loop of the workflow; let the retry policy count.",
)
def retry_cap(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Attempts never pass the declared maximum."""
    capped = [(h, event) for h, event in _scheduled(evidence) if options_of(events.attributes(event)).retry.attempts]
    if not capped:
        raise NothingToLookAt("no activity declares maximum attempts")
    attempts = attempts_of(evidence)
    for history, event in capped:
        attributes = events.attributes(event)
        cap, name = options_of(attributes).retry.attempts, events.activity_type(attributes)
        mine = [
            each for each in attempts if (each.run_id, each.activity_id) == (history.run_id, attributes["activityId"])
        ]
        seen = max(_highest(evidence, history, event), len(mine), *(each.number for each in mine), 0)
        if seen > cap:
            words = f"{name} was attempted {showing.times(seen)}, expected at most {cap}"
            shown = showing.entries(evidence, [each.entries[0] for each in mine]) or (showing.event(event),)
            yield Finding(check="retry-cap", subject=name, message=words, evidence=shown)


@check(
    "retry-spacing",
    why="Retries that come early hit a service that asked for a pause.",
    fix="Leave waiting to the retry policy, or set next_retry_delay.",
)
def retry_spacing(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Retries wait as long as initial interval, coefficient, maximum interval and next_retry_delay say."""
    looked = False
    for group in by_execution(attempts_of(evidence)).values():
        if evidence.skips_time:
            looked = looked or len(group) > 1
            yield from _spaced_in_skipped_time(group, evidence)
            continue
        for attempt, after in pairwise(group):
            if after.number != attempt.number + 1 or _hurried(attempt, after, evidence):
                continue
            looked = True
            expected = _delay_after(attempt)
            since = attempt.answer if attempt.ended and attempt.answer else attempt.entries[0]
            waited = after.began - since.at
            if waited < expected * (1 - _EARLY_SHARE) - _EARLY_SECONDS:
                words = f"{attempt.name}: attempt {after.number} came {waited:.2f} s after attempt {attempt.number}, "
                words += f"expected {expected:g} s"
                shown = showing.entries(evidence, (since, after.entries[0]), saying="{operation}")
                yield Finding(check="retry-spacing", subject=attempt.activity, message=words, evidence=shown)
    if not looked:
        raise NothingToLookAt("no activity was retried")


@check(
    "retry-bounded",
    severity=Severity.RISKY,
    why="An activity that can only fail is tried for ever, and nobody is told.",
    fix="Declare maximum_attempts, or a schedule_to_close_timeout, or a timeout of the workflow.",
)
def retry_bounded(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Retries end: by maximum attempts, by schedule-to-close, or by a timeout of the workflow."""
    scheduled = list(_scheduled(evidence))
    if not scheduled:
        raise NothingToLookAt("no activity was scheduled")
    reported: set[str] = set()
    for history, event in scheduled:
        name, options = events.activity_type(events.attributes(event)), options_of(events.attributes(event))
        bounded = (
            options.retry.attempts or events.declared_seconds(options.schedule_to_close) or _workflow_timeout(history)
        )
        if not bounded and name not in reported:
            reported.add(name)
            words = f"{name} is retried for ever: neither maximum attempts nor schedule-to-close is declared"
            yield Finding(check="retry-bounded", subject=name, message=words, evidence=(showing.event(event),))


@check(
    "retry-names-exist",
    severity=Severity.RISKY,
    why="A misspelt name rules nothing out: what must not be retried is retried.",
    fix="Write the name as the failure carries it: the type of the ApplicationError, or the name of the "
    "exception's class.",
)
def retry_names_exist(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The names of failure types that are not retried are those of failures that happen."""
    declared = _declared_names(evidence)
    if not declared:
        raise NothingToLookAt("no activity names failure types that are not retried")
    seen = _observed_types([evidence, *baselines])
    if not seen.keys() & declared.keys():
        raise NothingToLookAt("no such activity failed")
    for name, listed in declared.items():
        for observed in sorted(seen.get(name, set()) - set(listed)):
            meant = next((each for each in listed if _misspelt(each, observed)), "")
            if meant and meant not in seen[name]:
                words = f"{name} does not retry {meant!r}; what it fails with is called {observed!r}"
                yield Finding(check="retry-names-exist", subject=f"{name} {meant}", message=words)


@check(
    "non-retryable-means-one-attempt",
    why="What was ruled out happened all the same.",
    fix="Nothing in the agent can cause this alone: report it, with the history.",
)
def non_retryable_means_one_attempt(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A failure that is not to be retried is not retried."""
    looked = False
    for group in by_execution(attempts_of(evidence)).values():
        for index, attempt in enumerate(group):
            if not _is_final(attempt.failure, attempt.options):
                continue
            looked = True
            if group[index + 1 :]:
                words = f"{attempt.name} failed with {_said(attempt)}, which is not to be retried, and was retried"
                shown = showing.entries(evidence, [each.entries[0] for each in group[index:]])
                name = "non-retryable-means-one-attempt"
                yield Finding(check=name, subject=attempt.activity, message=words, evidence=shown)
                break
    if not looked:
        raise NothingToLookAt("no failure ruled retries out")


@check(
    "retry-state-right",
    why="Who handles the failure decides by its retry state.",
    fix="Nothing in the agent can cause this alone: report it, with the history.",
)
def retry_state_right(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The retry state with which an activity failed for good is the one that its policy and failure make."""
    ends = [
        (history, event)
        for history in recorded(evidence)
        for event in history.of_type("ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT")
    ]
    if not ends:
        raise NothingToLookAt(why_no_history(evidence) or "no activity failed for good")
    for history, event in ends:
        attributes = events.attributes(event)
        scheduled = events.scheduled_activities(history).get(int(attributes.get("scheduledEventId", 0)), {})
        state = str(attributes.get("retryState", "")).removeprefix("RETRY_STATE_") or "UNSPECIFIED"
        expected = _expected_states(history, event, options_of(scheduled))
        if expected and state not in expected:
            words = (
                f"{events.activity_type(scheduled)} ended with retry state {state}, expected {' or '.join(expected)}"
            )
            shown = (showing.event(event),)
            yield Finding(
                check="retry-state-right", subject=events.activity_type(scheduled), message=words, evidence=shown
            )


def _scheduled(evidence: Evidence) -> Iterator[tuple[History, dict[str, Any]]]:
    return ((h, event) for h in evidence.histories for event in h.of_type("ACTIVITY_TASK_SCHEDULED"))


def _highest(evidence: Evidence, history: History, scheduled: dict[str, Any]) -> int:
    """Return the highest attempt of an activity that its history or the samples show."""
    seen = [0]
    for event in history.of_type("ACTIVITY_TASK_STARTED"):
        attributes = events.attributes(event)
        if int(attributes.get("scheduledEventId", 0)) == events.number(scheduled):
            seen.append(int(attributes.get("attempt", 1)))
    activity_id = events.attributes(scheduled).get("activityId")
    seen += [
        int(pending.get("attempt", 1))
        for sample in evidence.samples
        if sample.run_id == history.run_id
        for pending in sample.pending
        if pending.get("activityId") == activity_id
    ]
    return max(seen)


def _delay_after(attempt: Attempt) -> float:
    asked = attempt.failure.next_retry_delay if attempt.failure else None
    return attempt.options.retry.delay(attempt.number, next_retry_delay=asked)


def _spaced_in_skipped_time(group: Sequence[Attempt], evidence: Evidence) -> Iterator[Finding]:
    """Compare all waits of an execution together: its history has the time of the last attempt only.

    Where the scenario lets time pass while one of them waits nothing is compared: at the end of a fast-forward the
    server (1.32.0) lets a retry happen that is due much later.
    """
    first, last = group[0], group[-1]
    if any(first.began <= entry.at <= last.began + _FORWARDED for entry in acts(evidence.tape, "pass")):
        return
    expected = sum(_delay_after(attempt) for attempt in group[:-1])
    for history in evidence.histories:
        if history.run_id != first.run_id or [each.number for each in group] != list(range(1, last.number + 1)):
            continue
        for scheduled, started in events.started_activities(history):
            attributes = events.attributes(started)
            if scheduled.get("activityId") != first.activity_id or int(attributes.get("attempt", 1)) != last.number:
                continue
            waited = events.at(started) - events.at(events.by_number(history, int(attributes["scheduledEventId"])))
            if waited < expected * (1 - _EARLY_SHARE) - _EARLY_SECONDS:
                words = f"{first.name}: attempt {last.number} came {waited:.2f} s after it was scheduled, "
                words += f"expected {expected:g} s of waiting between the attempts"
                shown = (showing.event(started),)
                yield Finding(check="retry-spacing", subject=first.activity, message=words, evidence=shown)


def _hurried(attempt: Attempt, after: Attempt, evidence: Evidence) -> bool:
    return accelerated(evidence, attempt.activity_id, since=attempt.began, until=after.began)


def _workflow_timeout(history: History) -> float:
    started = events.started(history)
    limits = (events.seconds(started.get(f"workflow{each}Timeout")) for each in ("Execution", "Run"))
    return next((declared for limit in limits if (declared := events.declared_seconds(limit))), 0.0)


def _declared_names(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    declared: dict[str, tuple[str, ...]] = {}
    for _, event in _scheduled(evidence):
        names = options_of(events.attributes(event)).retry.non_retryable
        if names:
            declared[events.activity_type(events.attributes(event))] = names
    return declared


def _observed_types(trials: Sequence[Evidence]) -> dict[str, set[str]]:
    """Return the types of the failures that each activity type was seen to end an attempt with."""
    seen: dict[str, set[str]] = {}
    for evidence in trials:
        for attempt in attempts_of(evidence):
            failed = attempt.answer.facts_as(ActivityFailed) if attempt.answer else None
            if failed and failed.failure.type:
                seen.setdefault(attempt.activity, set()).add(failed.failure.type)
        for history in evidence.histories:
            scheduled = events.scheduled_activities(history)
            for event in history.of_type("ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_FAILED"):
                name = events.activity_type(scheduled.get(int(events.attributes(event).get("scheduledEventId", 0)), {}))
                types = {failure_type(failure) for failure in list(failures_of(event))[:1]} - {""}
                if types:
                    seen.setdefault(name, set()).update(types)
        for sample in evidence.samples:
            for pending in sample.pending:
                name = str((pending.get("activityType") or {}).get("name", ""))
                observed = failure_type(pending.get("lastFailure") or {})
                if observed:
                    seen.setdefault(name, set()).add(observed)
    return seen


def _misspelt(listed: str, observed: str) -> bool:
    """Tell whether a listed name seems to mean an observed one: other case, a module before it, one or two slips.

    Names that differ in a digit mean different things (``Http400`` and ``Http404``).
    """
    one, other = _plain(listed), _plain(observed)
    if one == other:
        return True
    return min(len(one), len(other)) >= 8 and _digits(one) == _digits(other) and _distance(one, other) <= 2


def _plain(name: str) -> str:
    last = name.rsplit(".", 1)[-1].lower().replace("_", "").replace("-", "")
    return re.sub(r"(error|exception)$", "", last)


def _digits(name: str) -> list[str]:
    return re.findall(r"\d", name)


def _distance(one: str, other: str) -> int:
    """Return how many letters must be put in, taken out or changed to make one text the other."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, start=1):
        above, row[0] = row[0], index
        for at, wanted in enumerate(other, start=1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (letter != wanted))
    return row[-1]


def _is_final(failure: ReportedFailure | None, options: ActivityOptions) -> bool:
    return failure is not None and (failure.non_retryable or failure.type in options.retry.non_retryable)


def _said(attempt: Attempt) -> str:
    return (attempt.failure.type if attempt.failure else "") or "a failure"


def _expected_states(history: History, event: dict[str, Any], options: ActivityOptions) -> tuple[str, ...]:
    """Return the retry states that are right, most telling first; none where it cannot be told."""
    attributes = events.attributes(event)
    failure = attributes.get("failure") or {}
    application = failure.get("applicationFailureInfo") or {}
    timeout = (failure.get("timeoutFailureInfo") or {}).get("timeoutType", "")
    if application.get("nonRetryable") or (application and application.get("type") in options.retry.non_retryable):
        return ("NON_RETRYABLE_FAILURE", "CANCEL_REQUESTED")
    if not application and timeout not in ("TIMEOUT_TYPE_START_TO_CLOSE", "TIMEOUT_TYPE_HEARTBEAT"):
        return ()
    started = next(
        (each for each in history.events if events.number(each) == int(attributes.get("startedEventId") or 0)), {}
    )
    attempt = int(events.attributes(started).get("attempt", 1)) if started else 1
    if options.retry.attempts and attempt >= options.retry.attempts:
        return ("MAXIMUM_ATTEMPTS_REACHED", "TIMEOUT", "CANCEL_REQUESTED", "RETRY_POLICY_NOT_SET")
    out_of_time = ("TIMEOUT", "CANCEL_REQUESTED", "RETRY_POLICY_NOT_SET")
    # A timeout can be ruled out of retries by a name that is no failure type.
    return out_of_time if application else (*out_of_time, "NON_RETRYABLE_FAILURE")
