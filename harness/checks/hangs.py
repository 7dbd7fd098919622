"""Hangs: a call that is never answered is noticed soon, by what is declared and in real time.

Timeouts are accelerated: a trial in which a hang ends after seconds says nothing of the hours that it takes outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from harness.checks import faults_met, showing
from harness.checks.attempts import Attempt, accelerated, attempts_of, by_execution, deaths, lost_at
from harness.checks.check import NothingToLookAt, check
from harness.records.evidence import Evidence
from harness.records.tape import Entry
from harness.records.verdict import Finding, Severity

LONGEST = 3600.0
"""Seconds after which somebody must have noticed that a call is not answered."""

_OWN_LIMIT = ("x-stainless-read-timeout", "x-stainless-timeout")
"""Headers in which clients of OpenAI and Anthropic say after how many seconds without an answer they give up."""

_CLIENT = "x-stainless-lang"
"""The header by which it is known that a client would say so."""


@check(
    "hang-noticed",
    why="One answer that never comes keeps the work standing for hours, and nothing shows that anything is wrong.",
    fix="Give the client a timeout of its own, declare a start_to_close_timeout of minutes, and send heartbeats from "
    "where the work makes progress: beats of a timer say that a hung attempt is alive.",
)
def hang_noticed(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A call that is never answered is noticed within an hour: by the client, or by a timeout that is declared.

    Long timeouts alone are risky: they do end it. Where heartbeats go on during the hang, the work is stuck while it
    says that it is well, and that is broken.
    """
    hung = list(_hung(evidence))
    if not hung:
        raise NothingToLookAt("no attempt hung until a timeout of its own ended it")
    reported: set[str] = set()
    for attempt, call in hung:
        beats = [beat for beat in attempt.heartbeats if beat.at > call.at]
        limit = _declared(attempt, beating=len(beats) > 1)
        if limit is None or min(limit, _own_limit(call)) < LONGEST or attempt.activity in reported:
            continue
        reported.add(attempt.activity)
        yield _finding(evidence, attempt, call, beats, limit)


def _hung(evidence: Evidence) -> Iterator[tuple[Attempt, Entry]]:
    """Yield each attempt of a living worker process that crashproof's acceleration alone has ended, and its call."""
    died = deaths(evidence)
    for group in by_execution(attempts_of(evidence)).values():
        for attempt, after in zip(group, [*group[1:], None], strict=True):
            until = after.began if after else inf
            calls = [call for call in attempt.calls("model", "effect") if attempt.answered(call) is None]
            lost = lost_at(attempt, died)
            alive = attempt.answer is None and (lost is None or lost > until)
            if not calls or faults_met.lets_time_out(attempt.dropped.get(calls[-1].message)):
                continue
            if alive and accelerated(evidence, attempt.activity_id, since=calls[-1].at, until=until):
                yield attempt, calls[-1]


def _declared(attempt: Attempt, *, beating: bool) -> float | None:
    """Return the seconds after which a declared timeout ends a hung attempt; None where nothing does."""
    options = attempt.options
    timeouts = [options.start_to_close, options.schedule_to_close, 0.0 if beating else options.heartbeat]
    return min((each for each in timeouts if each), default=None)


def _own_limit(call: Entry) -> float:
    """Return the seconds after which the client gives up by itself, as far as it says so; infinity for never."""
    for name in _OWN_LIMIT:
        if name in call.http.headers:
            try:
                return float(call.http.headers[name])
            except ValueError:
                return 0.0  # It has one that is not known: nothing can be said.
    return inf


def _finding(evidence: Evidence, attempt: Attempt, call: Entry, beats: Sequence[Entry], limit: float) -> Finding:
    words = f"{attempt.name}: a call of {call.operation} that was never answered is noticed after {limit / 3600:g} h"
    hidden = len(beats) > 1 and attempt.options.heartbeat > 0
    if hidden:
        words += f", though the heartbeat timeout is {attempt.options.heartbeat:g} s: its beats went on"
    if _CLIENT not in call.http.headers:
        words += ", unless its client gives up before"
    certain = hidden and _CLIENT in call.http.headers
    shown = showing.entries(evidence, (call, *beats[:3]), saying="{operation}")
    severity = Severity.BROKEN if certain else Severity.RISKY
    return Finding(check="hang-noticed", subject=attempt.activity, message=words, evidence=shown, severity=severity)
