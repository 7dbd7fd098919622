"""Model calls: one request for each attempt, none for work that is already done, and what was billed twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.checks import showing
from harness.checks.attempts import Attempt, attempts_of, by_execution, requests
from harness.checks.check import NothingToLookAt, check
from harness.checks.scheduled import scheduled_at
from harness.records.evidence import Evidence
from harness.records.message_facts import HttpReply
from harness.records.tape import Entry, executed
from harness.records.verdict import Finding, Severity

_RETRY_COUNT = "x-stainless-retry-count"
_ASKED = ("prompt_tokens", "input_tokens")
_ANSWERED = ("completion_tokens", "output_tokens")


@dataclass(frozen=True)
class Tokens:
    """Tokens that a model bills.

    Attributes:
        asked: Those of requests.
        answered: Those of answers.
    """

    asked: int = 0
    answered: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.asked + other.asked, self.answered + other.answered)

    @property
    def all(self) -> int:
        """Both together."""
        return self.asked + self.answered


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What the model calls of one trial cost.

    Attributes:
        calls: Calls that were executed.
        tokens: Tokens that their answers were billed with.
        calls_again: Calls that the baselines do not make: the same request was paid for before.
        again: Tokens of those, by the name of the model.
    """

    calls: int = 0
    tokens: int = 0
    calls_again: int = 0
    again: Mapping[str, Tokens] = field(default_factory=dict)

    @property
    def tokens_again(self) -> int:
        """Tokens that the baselines do not need."""
        return sum(each.all for each in self.again.values())


@check(
    "one-model-request-per-attempt",
    severity=Severity.WASTEFUL,
    why="Two retry policies multiply: the client's own retries hide under each attempt of Temporal's.",
    fix="Create the client with max_retries=0, and let the activity's retry policy try again.",
)
def one_model_request_per_attempt(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A model client does not retry inside an activity attempt that Temporal retries itself."""
    asked = _asked(evidence)
    if not asked:
        raise NothingToLookAt("no model was called")
    reported: set[str] = set()
    for entry in asked:
        if _retries(entry) > 0 and _subject(entry) not in reported:
            reported.add(_subject(entry))
            words = f"{_where(entry)}: the model client retried inside the attempt ({_RETRY_COUNT} {_retries(entry)})"
            yield _finding(evidence, "one-model-request-per-attempt", _subject(entry), words, (entry,))
    usual = _usual_repeats(baselines)
    for attempt in attempts_of(evidence):
        for unit, calls in _by_unit(attempt.calls("model")).items():
            often = len(calls) > usual[attempt.activity, unit] if baselines else _failed(calls[:-1], attempt)
            again = len(calls) > 1 and (often or _refused(calls[:-1], attempt))
            if again and attempt.activity not in reported:
                reported.add(attempt.activity)
                words = f"{attempt.name} sent the same model request {len(calls)} times in attempt {attempt.number}"
                yield _finding(evidence, "one-model-request-per-attempt", attempt.activity, words, calls)


@check(
    "model-call-not-repeated",
    severity=Severity.WASTEFUL,
    why="The tokens of an answer that was there already are billed twice.",
    fix="Call the model in an activity of its own, whose result the workflow keeps.",
)
def model_call_not_repeated(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No model call is made again for an activity whose result the server took."""
    if not _asked(evidence):
        raise NothingToLookAt("no model was called")
    done, heard = _done(evidence), _heard(evidence)
    usual = [Counter(_unit(entry) for entry in _asked(baseline)) for baseline in baselines]
    seen: Counter[str] = Counter()
    reported: set[str] = set()
    for entry in _asked(evidence):
        seen[_unit(entry)] += entry.message in heard
        late = _of_completed(entry, done)
        unowned = _is_unowned(entry) and not _may_be_scheduled(entry, evidence)
        if late is None and unowned and seen[_unit(entry)] > max((each[_unit(entry)] for each in usual), default=0):
            late = _asked_by_completed(entry, done)
        if late is not None and late.activity not in reported:
            reported.add(late.activity)
            words = f"the model was called again for {late.name}, which had completed"
            assert late.ended is not None
            yield _finding(evidence, "model-call-not-repeated", late.activity, words, (late.ended, entry))


def bill(evidence: Evidence, *, baselines: Sequence[Evidence] = ()) -> Bill:
    """Count the model calls and tokens of a trial, and those that the baselines do not need.

    An answer that was lost or cut off on its way is paid for all the same; an error that was made up costs nothing.
    """
    usual = [Counter(_unit(entry) for entry in _asked(baseline)) for baseline in baselines]
    asked, seen = requests(evidence.tape), Counter[str]()
    calls = tokens = calls_again = 0
    again: dict[str, Tokens] = {}
    for reply in executed(evidence.tape, door="model"):
        whole = reply.facts_as(HttpReply)
        if whole is None or _may_be_scheduled(asked.get(reply.message, reply), evidence):
            continue
        unit, cost = _unit(asked.get(reply.message, reply)), _tokens(whole.answer)
        seen[unit] += 1
        calls, tokens = calls + 1, tokens + cost.all
        if seen[unit] > max((each[unit] for each in usual), default=1) and seen[unit] > 1:
            calls_again, model = calls_again + 1, _model(whole)
            again[model] = again.get(model, Tokens()) + cost
    return Bill(calls=calls, tokens=tokens, calls_again=calls_again, again=again)


def _asked(evidence: Evidence) -> list[Entry]:
    return [entry for entry in evidence.tape if entry.kind == "request" and entry.door == "model"]


def _is_unowned(entry: Entry) -> bool:
    """Tell whether nobody knows which activity a call is of."""
    return entry.point is None or not entry.point.execution


def _may_be_scheduled(entry: Entry, evidence: Evidence) -> bool:
    """Tell whether a call may be one of a run that a schedule has started, whose activities nobody knows."""
    began = scheduled_at(evidence)
    return began is not None and entry.at >= began and _is_unowned(entry)


def _retries(entry: Entry) -> int:
    count = entry.http.headers.get(_RETRY_COUNT, "0")
    return int(count) if count.isdigit() else 0


def _subject(entry: Entry) -> str:
    return entry.point.subject if entry.point and entry.point.execution else entry.operation


def _where(entry: Entry) -> str:
    point = entry.point
    if point is None or not point.execution:
        return entry.operation
    return f"{point.subject} {point.execution}, attempt {point.attempt}"


def _unit(entry: Entry) -> str:
    return json.dumps([entry.operation, entry.http.body], sort_keys=True, default=str)


def _by_unit(calls: Sequence[Entry]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for call in calls:
        groups.setdefault(_unit(call), []).append(call)
    return groups


def _failed(calls: Sequence[Entry], attempt: Attempt) -> bool:
    """Tell whether the worker heard no whole answer of the model to one of the calls."""
    return any(attempt.answered(call) is None for call in calls)


def _refused(calls: Sequence[Entry], attempt: Attempt) -> bool:
    """Tell whether the model itself, and no fault, answered one of the calls with an error."""
    replies = [reply for call in calls if (reply := attempt.replies.get(call.message))]
    return any(not reply.status.startswith("2") and not reply.injected for reply in replies)


def _usual_repeats(baselines: Sequence[Evidence]) -> Counter[tuple[str, str]]:
    """Return how often one undisturbed attempt sends each request, at most: asking several times may be the design."""
    most: Counter[tuple[str, str]] = Counter()
    for attempt in (attempt for baseline in baselines for attempt in attempts_of(baseline)):
        for unit, calls in _by_unit(attempt.calls("model")).items():
            most[attempt.activity, unit] = max(most[attempt.activity, unit], len(calls))
    return most


def _heard(evidence: Evidence) -> set[int]:
    """Return the message numbers of the calls whose whole answers were heard."""
    dropped = {entry.message for entry in evidence.tape if entry.kind == "dropped"}
    answered = executed(evidence.tape, door="model")
    return {entry.message for entry in answered if not entry.injected} - dropped


def _done(evidence: Evidence) -> list[Attempt]:
    groups = by_execution(attempts_of(evidence)).values()
    return [next(each for each in group if each.completed) for group in groups if any(one.completed for one in group)]


def _of_completed(entry: Entry, done: Sequence[Attempt]) -> Attempt | None:
    """Return the completed attempt that a call comes after, unless an attempt made it that was given up before."""
    point = entry.point
    if point is None or not point.execution:
        return None
    for each in done:
        same = each.key == (entry.run_id, entry.activity_id, point.execution) and point.attempt >= each.number
        if each.ended and same and entry.at > each.ended.at:
            return each
    return None


def _asked_by_completed(entry: Entry, done: Sequence[Attempt]) -> Attempt | None:
    for each in done:
        same = any(_unit(call) == _unit(entry) for call in each.calls("model"))
        if each.ended and same and entry.at > each.ended.at:
            return each
    return None


def _model(reply: HttpReply) -> str:
    """Return the name of the model that answered, or else of the one that was asked."""
    named = [part.get("model") for part in (reply.answer, reply.body) if isinstance(part, dict)]
    return next((str(name) for name in named if name), "an unnamed model")


def _tokens(answer: Any) -> Tokens:
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(usage, dict):
        return Tokens()
    counted = Tokens(*(_count(usage, *names) for names in (_ASKED, _ANSWERED)))
    return counted if counted.all else Tokens(_count(usage, "total_tokens"))


def _count(usage: Mapping[str, Any], *names: str) -> int:
    """Return the first count of that name; a script may say anything."""
    counts = (usage.get(name) for name in names)
    return next((count for count in counts if type(count) is int and count > 0), 0)


def _finding(evidence: Evidence, check_name: str, subject: str, message: str, entries: Sequence[Entry]) -> Finding:
    shown = showing.entries(evidence, entries, saying="{operation}")
    return Finding(check=check_name, subject=subject, message=message, evidence=shown)
