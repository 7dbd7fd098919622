"""Why work is still open at the deadline of its trial: it goes round in a loop, or waits for what was not sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.records.evidence import Evidence
from harness.records.tape import client_calls
from harness.temporal import event as events

_LOOP_LEAST = 10  # times something is done before it is called a loop
_LOOP_TIMES = 3  # times as often as undisturbed


def loop(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Name what was done again and again until the deadline, far more often than undisturbed; or say nothing.

    Where there is no other undisturbed run to compare with, it may as well be much to do.
    """
    if not evidence.plan.strikes and all(each is evidence for each in baselines):
        return ""
    usual = max((_done(each) for each in baselines if each is not evidence), key=Counter.total, default=Counter[str]())
    for what, count in _done(evidence).most_common():
        if count >= _LOOP_LEAST and count > _LOOP_TIMES * usual[what]:
            return f": it goes round in a loop, in which {what} {count} times; undisturbed that is {usual[what]} times"
    return ""


def _done(evidence: Evidence) -> Counter[str]:
    """Return how often each activity type was scheduled, and how often the work continued as a new run."""
    done = Counter[str]()
    for history in evidence.histories:
        for event in history.of_type("ACTIVITY_TASK_SCHEDULED"):
            done[f"{events.activity_type(events.attributes(event))} is scheduled"] += 1
        done["it continues as new"] += sum(1 for _ in history.of_type("WORKFLOW_EXECUTION_CONTINUED_AS_NEW"))
    return done


def unsent(evidence: Evidence) -> str:
    """Say what the scenario was still to send, and at which point, which never came."""
    left = [f"{call.name} was never sent, since {call.failure}" for call in client_calls(evidence.tape, "unsent")]
    return "; " + ", ".join(left) if left else ""
