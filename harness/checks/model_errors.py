"""Errors of the model: the worker comes back when it is asked to, and does not ask again where that is of no use."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from harness.checks import faults_met, showing
from harness.checks.attempts import Attempt, accelerated, attempts_of, by_execution
from harness.checks.check import NothingToLookAt, check
from harness.checks.faults_met import FaultedCall
from harness.checks.lateness import Late, excusable
from harness.records.evidence import Evidence
from harness.records.message_facts import MadeUpReply
from harness.records.tape import Entry
from harness.records.verdict import Finding, Severity
from harness.temporal import event as events
from harness.temporal.failure import failure_type, failures_of, is_final

_EARLY_SHARE = 0.05
_EARLY_SECONDS = 0.1
_EARLY_DATE_SECONDS = 1.0  # an HTTP date has whole seconds
_LATE_SECONDS = 10.0
_LONGEST_ASKED = 30.0  # an agent may refuse to wait longer


@check(
    "retry-after-honoured",
    severity=Severity.WASTEFUL,
    why="A service that is asked again too early counts that against the limit, and answers later still.",
    fix="Read the header in the activity and raise ApplicationError with next_retry_delay.",
)
def retry_after_honoured(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """After an answer with Retry-After the model is asked again no earlier than it says, and soon after."""
    looked = False
    for group in by_execution(attempts_of(evidence)).values():
        calls = sorted((call for attempt in group for call in attempt.calls("model")), key=lambda call: call.at)
        for met in (met for attempt in group for met in faults_met.faulted_calls_of(attempt)):
            asked = _asked_to_wait(met.instead)
            later = calls if met.attempt.ended else met.attempt.calls("model")  # a lost attempt told nobody to wait
            following = next((each for each in later if each.at > met.instead.at), None)
            if asked is None or following is None or evidence.skips_time or _hurried(met, following, evidence):
                continue
            looked = True
            words, over = _kept(met, asked, following, strikes=len(evidence.strikes))
            if words:
                shown = showing.entries(evidence, (met.request, met.instead, following), saying="{operation} {status}")
                message = f"{met.attempt.name}: {words}"
                finding = Finding(
                    check="retry-after-honoured", subject=met.attempt.activity, message=message, evidence=shown
                )
                yield excusable(finding, over=over, since=met.instead.at, until=following.at)
    if not looked:
        raise NothingToLookAt(
            "time is skipped" if evidence.skips_time else "no answer that asked to wait was followed by another call"
        )


@check(
    "terminal-error-tried-once",
    severity=Severity.WASTEFUL,
    why="What is refused for good is refused again: attempts, time and calls are spent for nothing.",
    fix="Turn such an answer into ApplicationError(non_retryable=True), or name its type in non_retryable_error_types.",
)
def terminal_error_tried_once(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A call that the model refuses for good is made once, in one attempt, whose failure says that it is final."""
    refused = [met for met in faults_met.faulted_calls(evidence) if met.final]
    if not refused:
        raise NothingToLookAt("the model refused no call for good")
    groups, usual = by_execution(attempts_of(evidence)), _usual_calls(baselines)
    reported: set[str] = set()
    for met in refused:
        group = groups[met.attempt.key]
        words, entries = _tried_again(met, group)
        if not words and len(evidence.strikes) == 1:
            words, entries = _scheduled_anew(met, evidence, usual)
        words, entries = (words, entries) if words else _unclassified(met)
        if words and met.attempt.activity not in reported:
            reported.add(met.attempt.activity)
            yield _finding(evidence, "terminal-error-tried-once", met, words, entries)
    for close in filter(None, map(events.root_close, evidence.executions)):
        if events.kind(close) == "WORKFLOW_EXECUTION_FAILED" and not reported:
            heard = next((met for met in refused if met.attempt.ended), refused[0])
            yield from _not_called_final(heard, close)


def _asked_to_wait(reply: Entry) -> tuple[float, float, str] | None:
    """Return until when a reply asks to wait, in seconds since the epoch, how early is too early, and its words."""
    made_up = reply.facts_as(MadeUpReply)
    headers = {name.lower(): value for name, value in (made_up.headers if made_up else {}).items()}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None and isfinite(seconds) and seconds > 0:
            wait = min(seconds * unit, _LONGEST_ASKED)
            return reply.at + wait, wait * _EARLY_SHARE + _EARLY_SECONDS, f"{name}: {headers[name]}"
    date = headers.get("retry-after", "")
    try:
        until = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    at = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp()
    return (min(at, reply.at + _LONGEST_ASKED), _EARLY_DATE_SECONDS, f"retry-after: {date}") if at > reply.at else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _kept(met: FaultedCall, asked: tuple[float, float, str], following: Entry, *, strikes: int) -> tuple[str, float]:
    """Return what is wrong with the time of the next call, or an empty text; and by how many seconds it was late."""
    until, tolerance, words = asked
    waited, wanted = following.at - met.instead.at, until - met.instead.at
    if waited < wanted - tolerance:
        return f"asked the model again {waited:.2f} s after it had said {words}, expected at least {wanted:.2f} s", 0.0
    options = met.attempt.options
    most = wanted + options.retry.longest + _LATE_SECONDS
    # With two strikes the wait may be another's doing.
    if waited > most and strikes == 1:
        seen = f"asked the model again {waited:.1f} s after it had said {words}, expected within {most:.1f} s"
        return seen, waited - most
    return "", 0.0


def _hurried(met: FaultedCall, following: Entry, evidence: Evidence) -> bool:
    return accelerated(evidence, met.attempt.activity_id, since=met.instead.at, until=following.at)


def _unit(call: Entry) -> str:
    return json.dumps([call.operation, call.http.body], sort_keys=True, default=str)


def _usual_calls(baselines: Sequence[Evidence]) -> Counter[str]:
    """Return how often an undisturbed run sends each request, at most."""
    most: Counter[str] = Counter()
    for baseline in baselines:
        most |= Counter(_unit(entry) for entry in baseline.tape if entry.kind == "request" and entry.door == "model")
    return most


def _tried_again(met: FaultedCall, group: Sequence[Attempt]) -> tuple[str, list[Entry]]:
    """Return what was asked again.

    An attempt whose end the server never heard of, because its worker was struck on the way, has told nobody what the
    model said: the next one rightly asks again.
    """
    unheard = met.attempt.ended is None
    again = [
        call
        for attempt in ([met.attempt] if unheard else group)
        for call in attempt.calls("model")
        if call.at > met.instead.at and _unit(call) == _unit(met.request)
    ]
    if again:
        return f"{_said(met)}, and was asked the same again", [met.instead, *again]
    later = [attempt.entries[0] for attempt in group if attempt.number > met.attempt.number]
    if later and met.attempt.failure is not None:
        return f"{_said(met)}, and there was another attempt", [met.instead, *later]
    return "", []


def _scheduled_anew(met: FaultedCall, evidence: Evidence, usual: Counter[str]) -> tuple[str, list[Entry]]:
    unit = _unit(met.request)
    calls = [entry for entry in evidence.tape if entry.kind == "request" and entry.door == "model"]
    same = [call for call in calls if _unit(call) == unit]
    if len(same) > max(1, usual[unit]) and same[-1].at > met.instead.at:
        return f"{_said(met)}, and was asked the same by another activity", [met.instead, same[-1]]
    return "", []


def _unclassified(met: FaultedCall) -> tuple[str, list[Entry]]:
    failure, listed = met.attempt.failure, met.attempt.options.retry.non_retryable
    if failure is None or failure.non_retryable or failure.type in listed:
        return "", []
    kind = failure.type or "no type"
    answer = [met.attempt.answer] if met.attempt.answer else []
    return f"{_said(met)}, and the attempt failed with {kind}, which is not marked as final", [met.instead, *answer]


def _not_called_final(met: FaultedCall, close: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding where the workflow's failure does not say that it is for good."""
    known = {met.attempt.failure.type if met.attempt.failure else ""} - {""}
    if any(failure_type(failure) in known or is_final(failure) for failure in failures_of(close)):
        return
    words = f"{met.attempt.name}: {_said(met)}, and nothing in the workflow's failure says that it is final"
    shown = (showing.event(close),)
    yield Finding(
        check="terminal-error-tried-once", subject=f"{met.attempt.workflow} failure", message=words, evidence=shown
    )


def _said(met: FaultedCall) -> str:
    code = met.error.get("code") or met.error.get("type") or ""
    return f"the model had said {met.status} {code}".rstrip()


def _finding(evidence: Evidence, check_name: str, met: FaultedCall, words: str, entries: Sequence[Entry]) -> Finding:
    shown = showing.entries(evidence, entries, saying="{operation} {status}")
    message = f"{met.attempt.name}: {words}"
    options = met.attempt.options
    # Without a cap what is refused for good is asked for ever.
    severity = None if options.retry.attempts or options.schedule_to_close else Severity.BROKEN
    return Finding(check=check_name, subject=met.attempt.activity, message=message, evidence=shown, severity=severity)
