"""What can happen next in a world: the moves that a server, and who uses it, could make there."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.replay.explore.move import ANYWAY, FROM_NOW_ON, TROUBLES, Move, Step
from harness.replay.explore.world import KnownOutcome, Pending, World
from harness.temporal.retry_policy import RetryPolicy

SOME_FAILURE = "ExploredFailure"
"""Type of a failure that stands for any that is not named."""

TIMEOUTS = {
    "start-to-close": "start_to_close_timeout",
    "heartbeat": "heartbeat_timeout",
    "schedule-to-close": "schedule_to_close_timeout",
    "schedule-to-start": "schedule_to_start_timeout",
}
"""The timeouts of an activity, and the fields that declare them."""

_RETRIED = ("start-to-close", "heartbeat")


def steps_from(world: World) -> list[Step]:
    """Return all that can happen next, the plain course of things first."""
    if not world.begun:
        begin = Move(kind="begin", words="the first workflow task is handed out")
        early = [*_sent(world), *_cancellation(world)]
        return [(begin,), *((move, begin) for move in early)]
    plain = list(_plain(world))
    sent = [*_sent(world), *_cancellation(world)]
    steps: list[Step] = [(move,) for move in (*plain, *sent, *_expired(world), *_troubles(world))]
    if world.left["together"] > any(move.kind in TROUBLES for move in world.moves):
        steps += [(one, other) for one in (*plain, *sent) for other in (*plain, *sent) if one.subject != other.subject]
    return steps


def _plain(world: World) -> Iterator[Move]:
    """Yield what happens by itself, in the order of how soon."""
    for each in world.pending.values():
        match each.kind:
            case "activity" | "nexus":
                yield from _completions(each, world)
            case "external":
                yield _move("deliver", each, "reaches the other workflow")
            case "child" if each.started:
                if not _goes_on(each, world):
                    yield from _child_completions(each, world)
            case "child":
                yield _move("start", each, "starts")
            case _:
                continue
    for each in world.pending.values():
        if each.cancelled and (each.kind != "child" or each.started):
            yield _move("cancelled", each, "reports that it is cancelled")
    yield from _fired(world)


def _goes_on(child: Pending, world: World) -> bool:
    """Tell whether a child does not end yet: it waits, or what it sends before has not come."""
    ends = world.ends.get(child.known_by, ())
    return any(end.waits for end in ends[:1]) or any(
        declared.sender == child.subject for group in world.sends for declared in group
    )


def _completions(pending: Pending, world: World) -> Iterator[Move]:
    """Yield how something completes: in the plain way, and where the model answers otherwise."""
    others = [end for end in world.ends.get(pending.known_by, ()) if end.detail]
    lasting = [end for end in others if end.detail == world.answered]
    if lasting:
        yield _move("complete", pending, lasting[0].words, lasting[0].detail)
        return
    yield _completion(pending, cancelled=pending.cancelled)
    for end in others if world.left["answer"] else ():
        yield _move("complete", pending, end.words, end.detail)
        yield _move("complete", pending, f"{end.words}{FROM_NOW_ON}", f"{end.detail}{FROM_NOW_ON}")


def _child_completions(child: Pending, world: World) -> Iterator[Move]:
    """Yield how a child completes: in the plain way, and as it does on other paths of its own."""
    yield _completion(child, cancelled=child.cancelled or _is_being_cancelled(child, world))
    if world.left["answer"]:
        others = _other_ends(child, world)
        yield from (_move("complete", child, end.words, end.detail) for end in others if end.failure is None)


def _is_being_cancelled(child: Pending, world: World) -> bool:
    """Tell whether the workflow has asked for the cancellation of a child, which may not have heard of it yet."""
    return any(
        each.kind == "external"
        and each.type == "cancel"
        and each.attributes.workflow_execution.workflow_id == child.attributes.workflow_id
        for each in world.pending.values()
    )


def _completion(pending: Pending, *, cancelled: bool) -> Move:
    if cancelled:
        return _move("complete", pending, "completes all the same", ANYWAY)
    return _move("complete", pending, "completes")


def _fired(world: World) -> Iterator[Move]:
    """Yield the timers that are due next, unless something that is under way must have ended before."""
    due = min((each.due for each in world.pending.values()), default=math.inf)
    ended = min((_latest_end(each) for each in world.pending.values()), default=math.inf)
    for each in world.pending.values():
        if each.kind == "timer" and each.due == due <= min(ended, world.deadline):
            yield _move("fire", each, "fires")


def _expired(world: World) -> Iterator[Move]:
    """Yield the end of a workflow that does nothing until its own timeout: what it waits for comes later, or never."""
    timers = [each.due for each in world.pending.values() if each.kind == "timer"]
    if world.deadline < min(timers, default=math.inf) and len(timers) == len(world.pending):
        yield Move(kind="expire", words="the timeout of the workflow elapses")


def _sent(world: World) -> Iterator[Move]:
    firsts = dict.fromkeys(group[0] for group in world.sends if group)
    for declared in firsts:
        name = declared.name
        yield Move(kind=declared.kind, subject=name, words=f"{declared.kind} {name} arrives")
    last = world.moves[-1:]
    if world.left["twice"] and last and last[0].kind == "signal":
        name = last[0].subject
        yield Move(kind="twice", subject=name, words=f"signal {name} arrives once more")


def _cancellation(world: World) -> Iterator[Move]:
    if world.left["cancel"] and world.left["trouble"]:
        yield Move(kind="cancel", words="the workflow is asked to cancel")


def _endings_unasked(world: World, timer: float) -> Iterator[Move]:
    """Yield what closes the workflow without asking it."""
    if world.left["terminate"]:
        yield Move(kind="terminate", words="the workflow is terminated")
    busy = any(each.kind != "timer" for each in world.pending.values())
    if world.left["timeout"] and world.deadline <= timer and world.deadline < math.inf and busy:
        yield Move(kind="timeout", words="the timeout of the workflow elapses")


def _troubles(world: World) -> Iterator[Move]:
    if not world.left["trouble"]:
        return
    timer = min((each.due for each in world.pending.values()), default=math.inf)
    for each in world.pending.values():
        if world.left["fail"]:
            yield from (move for move, end in _failures(each, world) if end <= timer)
        if world.left["timeout"]:
            yield from (move for move, end in _timeouts(each) if end <= timer)
    yield from _endings_unasked(world, timer)


def _failures(pending: Pending, world: World) -> Iterator[tuple[Move, float]]:
    """Yield the failures that end something for good, each with the earliest moment at which it does."""
    if pending.kind == "activity":
        policy = retry_policy(pending)
        if policy.attempts:
            words = f"fails on each of its {policy.attempts} attempts" if policy.attempts > 1 else "fails"
            yield _move("fail", pending, words, "attempts"), pending.at + _backoff(policy)
        names = policy.non_retryable or (() if policy.attempts else (SOME_FAILURE,))
        for name in names:
            yield _move("fail", pending, f"fails with {name}, which is not retried", name), pending.at
    elif own := [end for end in _other_ends(pending, world) if pending.started and end.failure]:
        yield from ((_move("fail", pending, end.words, end.detail), pending.at) for end in own)
    elif pending.kind == "external" or pending.kind == "nexus" or pending.started:
        yield _move("fail", pending, "fails", SOME_FAILURE), pending.at


def _other_ends(child: Pending, world: World) -> list[KnownOutcome]:
    """Return how a child ends on paths of its own that are not the plain course of things."""
    return [end for end in world.ends.get(child.known_by, ()) if end.detail] if child.kind == "child" else []


def _timeouts(pending: Pending) -> Iterator[tuple[Move, float]]:
    """Yield the timeouts that can end something for good, each with the moment at which it does."""
    if pending.kind == "nexus":
        if seconds := _seconds(pending, "schedule_to_close_timeout"):
            yield _move("timeout", pending, "times out", "schedule-to-close"), pending.at + seconds
        return
    if pending.kind == "child" and pending.started:
        lengths = [_seconds(pending, name) for name in ("workflow_run_timeout", "workflow_execution_timeout")]
        if any(lengths):
            yield _move("timeout", pending, "times out"), pending.at + min(filter(None, lengths))
    if pending.kind != "activity":
        return
    attempts = retry_policy(pending).attempts
    for name, attribute in TIMEOUTS.items():
        seconds = _seconds(pending, attribute)
        if not seconds or (name in _RETRIED and not attempts):
            continue
        if name == "schedule-to-start" and seconds == _seconds(pending, "schedule_to_close_timeout"):
            continue
        times = max(1, attempts) if name in _RETRIED else 1
        each_time = f" on each of its {times} attempts" if times > 1 else ""
        yield _move("timeout", pending, f"times out ({name}){each_time}", name), pending.at + seconds * times


def retry_policy(pending: Pending) -> RetryPolicy:
    """Return the retry policy of an activity, as its scheduled event has it."""
    policy = pending.attributes.retry_policy
    return RetryPolicy(
        initial=policy.initial_interval.ToMilliseconds() / 1000,
        coefficient=policy.backoff_coefficient,
        maximum=policy.maximum_interval.ToMilliseconds() / 1000,
        attempts=policy.maximum_attempts,
        non_retryable=tuple(policy.non_retryable_error_types),
    )


def _latest_end(pending: Pending) -> float:
    """Return when something must have ended, whatever it does."""
    if pending.kind != "activity":
        return math.inf
    if seconds := _seconds(pending, "schedule_to_close_timeout"):
        return pending.at + seconds
    policy, once = retry_policy(pending), _seconds(pending, "start_to_close_timeout")
    return pending.at + policy.attempts * once + _backoff(policy) if policy.attempts else math.inf


def _backoff(policy: RetryPolicy) -> float:
    return sum(policy.delay(attempt) for attempt in range(1, min(policy.attempts, 1_000)))


def _seconds(pending: Pending, name: str) -> float:
    return float(getattr(pending.attributes, name).ToMilliseconds() / 1000)


def _move(kind: str, pending: Pending, words: str, detail: str = "") -> Move:
    what = {"child": "child workflow ", "activity": "activity ", "nexus": "Nexus operation "}.get(pending.kind, "")
    return Move(kind=kind, subject=pending.subject, detail=detail, words=f"{what}{pending.shown} {words}")
