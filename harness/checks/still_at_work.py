"""Work that was still under way at the deadline of its trial: that it had not ended shows nothing about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf

from harness.checks.attempts import Attempt, attempts_of, by_execution
from harness.records.evidence import Evidence
from harness.records.tape import Entry, acts, executed
from harness.temporal import event as events

LONGER = "give it longer: --trial-limit SECONDS, in a scenario time_limit=…"

_DONE = ("RespondWorkflowTaskCompleted", "RespondActivityTaskCompleted")
_LEAST_PAUSE = 2.0  # seconds
_PAUSE = 0.05  # of the trial: how long before its end something must have been done for it to be under way
_SELDOM = 10.0  # seconds between attempts
_USUAL_TIMES = 3  # times the undisturbed time; who has not been given that may as well be on the way


def still_at_work(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Say what was under way when the deadline came; an empty text where nothing was, or where it had time enough.

    Under way is work of which something was done just before. Where nothing was struck that is so, too, as long as a
    timer runs, or an activity in its first attempt that may still take its time, or one that polls: whose retries are
    its way to ask once more now and then. A trial with a strike has time enough with three times that of an undisturbed
    run, and once it has done more than that.
    """
    until = next((entry.at for entry in acts(evidence.tape, "deadline")), inf)
    if evidence.end != "deadline" or until == inf or not evidence.tape:
        return ""
    took = until - _begun(evidence.tape)
    if evidence.plan.strikes and not _given_too_little(evidence, took, baselines):
        return ""
    done = [reply for reply in executed(evidence.tape, door="wire") if reply.operation in _DONE]
    last = max((reply.at for reply in done if reply.status == "OK" and reply.at <= until), default=-inf)
    if until - last <= max(_LEAST_PAUSE, _PAUSE * took):
        return f"still at work after {took:.0f} s{_most(done)}; {LONGER}"
    open_still = "" if evidence.plan.strikes else _open_undisturbed(evidence, until)
    return open_still and f"still at work after {took:.0f} s: {open_still}"


def _open_undisturbed(evidence: Evidence, until: float) -> str:
    """Say what keeps work going that nothing has struck, and what to do; an empty text where nothing does."""
    if running := _in_first_attempt(evidence, until):
        return f"{running.name} runs for {until - running.began:.0f} s; {LONGER}"
    if polling := _polling(evidence, until):
        often = f"every {polling.options.retry.initial:g} s, {polling.number} times so far"
        return f"{polling.name} is tried {often}; {LONGER}"
    left = max((events.timer_left(history, until) for history in evidence.histories), default=0.0)
    if left and not evidence.skips_time:  # else the times of events are not those of the tape
        return (
            f"it waits for a timer, {left:.0f} s more; let time pass (sends=[let_pass(...)] in a scenario), or {LONGER}"
        )
    return ""


def _begun(tape: Sequence[Entry]) -> float:
    return next((entry.at for entry in acts(tape, "start")), tape[0].at)


def _given_too_little(evidence: Evidence, took: float, baselines: Sequence[Evidence]) -> bool:
    """Tell whether an undisturbed run took more than a third of the time, and has done more than was done by now."""
    usual = [each for each in baselines if each.end == "closed" and each.tape]
    return any(
        took < _USUAL_TIMES * (each.tape[-1].at - _begun(each.tape)) and _completed(evidence) < _completed(each)
        for each in usual
    )


def _completed(evidence: Evidence) -> int:
    replies = executed(evidence.tape, door="wire", operation="RespondActivityTaskCompleted")
    return sum(reply.status == "OK" for reply in replies)


def _most(done: Iterable[Entry]) -> str:
    """Name what was done most often."""
    counts = Counter(reply.point.subject for reply in done if reply.point and reply.operation == _DONE[1])
    why = "in a loop or since there is so much to do"
    return "".join(f": {name} was completed {count} times until then, {why}" for name, count in counts.most_common(1))


def _in_first_attempt(evidence: Evidence, until: float) -> Attempt | None:
    """Return an activity whose first attempt has not ended, nor used up the time that is declared for it."""
    for group in by_execution(attempts_of(evidence)).values():
        attempt = group[-1]
        allowed = attempt.options.detection or inf
        if attempt.number == 1 and attempt.ended is None and attempt.heartbeats:
            allowed = attempt.options.start_to_close or inf
        if attempt.number == 1 and attempt.ended is None and until - attempt.began < allowed:
            return attempt
    return None


def _polling(evidence: Evidence, until: float) -> Attempt | None:
    """Return an activity that waits for its next attempt by a declared pause that is long and always the same.

    That is how Temporal's documentation lets an activity poll infrequently. What is tried again at short intervals has
    had its time.
    """
    for group in by_execution(attempts_of(evidence)).values():
        attempt, policy = group[-1], group[-1].options.retry
        polls = policy.coefficient == 1.0 and policy.initial >= _SELDOM
        if polls and attempt.failure and attempt.ended and until - attempt.ended.at < policy.initial:
            return attempt
    return None
