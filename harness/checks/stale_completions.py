"""Stale completions: an attempt that was given up, and goes on all the same, changes nothing any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.checks import lasting_effects, masking, showing
from harness.checks.attempts import Attempt, attempts_of, by_execution
from harness.checks.check import NothingToLookAt, check
from harness.checks.lasting_effects import LastingEffect
from harness.records.evidence import Evidence
from harness.records.message_facts import ActivityCompleted
from harness.records.tape import Entry
from harness.records.verdict import Finding
from harness.temporal import event as events
from harness.temporal.payload import values_of

_COMPLETED = "RespondActivityTaskCompleted"
_READS = ("GET", "HEAD", "OPTIONS")


@check(
    "stale-completion-harmless",
    why="A worker that was taken for dead may still be at work: what it writes late overwrites what came after.",
    fix="Write with a key or a version that the receiver checks, and let the activity stop when it is told "
    "that it was cancelled or timed out.",
)
def stale_completion_harmless(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """What an attempt still says after a newer one began is refused, and overwrites nothing that the newer one did."""
    patterns = lasting_effects.effect_patterns(baselines) if baselines else []
    looked = False
    reported: set[str] = set()
    for group in by_execution(attempts_of(evidence)).values():
        for index, old in enumerate(group[:-1]):
            newer = group[index + 1 :]
            late = _said_late(old, since=newer[0].began)
            looked = looked or bool(late)
            words, entries = _accepted(old, newer, late, evidence) if late else ("", ())
            if not words:
                words, entries = _overwritten(old, newer, patterns)
            if words and old.activity not in reported:
                reported.add(old.activity)
                shown = showing.entries(evidence, entries, saying="{operation} {status}")
                message = f"{old.name}: attempt {old.number} {words}"
                yield Finding(check="stale-completion-harmless", subject=old.activity, message=message, evidence=shown)
    if not looked:
        raise NothingToLookAt("no attempt said anything after a newer one had begun")


def _said_late(old: Attempt, *, since: float) -> list[Entry]:
    """Return the replies to what an attempt sent, executed or refused after that time; reads apart."""
    asked = {entry.message: entry for entry in old.entries if entry.kind == "request"}
    return [
        reply
        for reply in old.replies.values()
        if reply.at > since
        and (reply.operation.startswith("RespondActivityTask") or (reply.door == "effect" and _writes(reply, asked)))
    ]


def _writes(reply: Entry, asked: dict[int, Entry]) -> bool:
    failed = reply.status.isdigit() and int(reply.status) >= 400
    return not failed and asked.get(reply.message, reply).http.method.upper() not in _READS


def _accepted(
    old: Attempt, newer: Sequence[Attempt], late: Sequence[Entry], evidence: Evidence
) -> tuple[str, Sequence[Entry]]:
    """Return what shows that the result of the old attempt counts, in words and entries."""
    taken = [reply for reply in late if reply.operation == _COMPLETED and reply.status == "OK"]
    if taken:
        return f"completed after attempt {newer[0].number} had begun, and was not refused", (
            newer[0].entries[0],
            *taken,
        )
    final, ours = _result(newer[-1]), _result(old)
    recorded = _recorded(old, evidence)
    if recorded is not None and ours == recorded and final is not None and final != recorded:
        words = f"ended after attempt {newer[-1].number} had begun, and the history has its result"
        return words, (newer[-1].entries[0], *late)
    return "", ()


def _result(attempt: Attempt) -> Any:
    """Return the result that an attempt reported; None where there is none, or one that the tape does not hold."""
    answer = attempt.answer
    if answer is None or answer.operation != _COMPLETED:
        return None
    completed = answer.facts_as(ActivityCompleted)
    result = completed.result if completed else []
    return None if any(isinstance(each, dict) and "encoding" in each for each in result) else result


def _recorded(attempt: Attempt, evidence: Evidence) -> Any:
    for history in evidence.histories:
        if history.run_id != attempt.run_id:
            continue
        scheduled = events.scheduled_activities(history)
        for event in history.of_type("ACTIVITY_TASK_COMPLETED"):
            attributes = events.attributes(event)
            if scheduled.get(int(attributes.get("scheduledEventId", 0)), {}).get("activityId") == attempt.activity_id:
                return values_of(attributes.get("result"))
    return None


def _overwritten(
    old: Attempt, newer: Sequence[Attempt], patterns: Sequence[LastingEffect]
) -> tuple[str, Sequence[Entry]]:
    """Return what the old attempt wrote over what a newer one had written, in words and entries."""
    theirs = [pair for attempt in newer for pair in _written(attempt)]
    for call, reply in _written(old):
        rivals = [each for each in theirs if _place(each[0]) == _place(call)]
        earlier = [each for each in rivals if each[1].at < reply.at]
        if not earlier or any(_alike(call, each, patterns) and _key(call) == _key(each) for each, _ in rivals):
            continue
        same = any(_alike(call, each, patterns) for each, _ in rivals)
        how = "with another key" if same else f"with {showing.short(call.http.body)}"
        words = f"wrote {call.operation} {how} after attempt {newer[-1].number} had written it"
        return words, (earlier[-1][1], reply)
    return "", ()


def _written(attempt: Attempt) -> list[tuple[Entry, Entry]]:
    """Return the effects of an attempt that were executed: request and reply."""
    asked = {call.message: call for call in attempt.calls("effect")}
    pairs = [(call, attempt.replies[number]) for number, call in asked.items() if number in attempt.replies]
    return [(call, reply) for call, reply in pairs if _writes(reply, asked)]


def _place(call: Entry) -> tuple[str, str]:
    return (call.operation, call.http.path)


def _key(call: Entry) -> str:
    return lasting_effects.key_of(call)


def _alike(one: Entry, other: Entry, patterns: Sequence[LastingEffect]) -> bool:
    """Tell whether two effects say the same, apart from what differs between two undisturbed runs."""
    bodies = (one.http.body, other.http.body)
    if bodies[0] == bodies[1]:
        return True
    named = (pattern for pattern in patterns if pattern.name == one.operation)
    return any(all(masking.agrees(body, pattern.body) for body in bodies) for pattern in named)
