"""Sizes as recorded: large payloads, arguments that grow from call to call, histories near their limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.audit.histories.recorded_run import Event, Execution, RecordedRun
from harness.audit.histories.sighting import Sighting, sized
from harness.records.audit_result import Certainty
from harness.temporal.event import attributes, kind, number
from harness.temporal.failure import causes
from harness.temporal.payload import size_of

KB, MB = 1024, 1024**2
PAYLOAD_WARNED, PAYLOAD_REFUSED = 256 * KB, 2 * MB
"""Temporal's defaults (self-hosted, per argument or result)."""

EVENTS_WARNED, EVENTS_ENDED = 10_240, 51_200
BYTES_WARNED, BYTES_ENDED = 10 * MB, 50 * MB
"""Temporal's defaults per run; at the second number of each pair the server terminates it."""

EXCEEDED = re.compile(r"(size|count) exceeds limit|exceeds? size limit|_EXCEEDS_LIMIT|_TOO_LARGE|TooLarge")
"""How the server says that something is too large."""

MESSAGE_TOO_LARGE = re.compile(r"(?:Grpc)?(?:Message|Payloads|Request)TooLarge")
"""Why the server terminates a run whose workflow task sends more than one message may hold."""

MESSAGE_REFUSED = 4 * MB
"""Temporal's limit of one gRPC message: all commands of a workflow task together, with what is passed in them."""

_WENT_ON = 100
_CALLS, _GROWTH, _WORTH = 5, 4, 8 * KB


def large_payloads(run: RecordedRun) -> Iterator[Sighting]:
    """Yield what is passed, returned or signalled and is larger than Temporal wants it."""
    activities = {each.event: each.activity for each in run.executions}
    for event in run.history.events:
        size = size_of(attributes(event))
        refusal = _refused_size(event)
        if size < PAYLOAD_WARNED and not refusal:
            continue
        what, subject = _carried(event, activities, run.workflow)
        seen = f"is refused as too large: {refusal}" if refusal else f"is {sized(size)}"
        yield Sighting(
            rule="CP601",
            certainty=Certainty.CERTAIN
            if refusal
            else Certainty.LIKELY
            if size >= PAYLOAD_REFUSED / 2
            else Certainty.LOOK,
            subject=subject,
            aspect=what,
            message=f"{what} {seen}. Temporal warns from {sized(PAYLOAD_WARNED)} on and refuses more than "
            f"{sized(PAYLOAD_REFUSED)}; each one stays in the history and is read again at every replay.",
            fix="Keep it in a store of your own, and pass a reference to it.",
            event=number(event),
            weight=size,
        )


def growing_arguments(run: RecordedRun) -> Iterator[Sighting]:
    """Yield activities whose arguments grow from call to call, as a conversation does that is passed as a whole."""
    by_activity: dict[str, list[Execution]] = {}
    for each in run.executions:
        by_activity.setdefault(each.activity, []).append(each)
    for activity, executions in by_activity.items():
        calls = _one_per_task(executions)
        sizes = [each.size for each in calls]
        if len(sizes) < _CALLS or any(after < before for before, after in pairwise(sizes)):
            continue
        first, last = sizes[0], sizes[-1]
        if last < _GROWTH * first or last - first < _WORTH:
            continue
        step = (last - first) / (len(sizes) - 1)
        left = max(int((PAYLOAD_REFUSED - last) / step), 0)
        yield Sighting(
            rule="CP601",
            certainty=Certainty.LIKELY if last >= PAYLOAD_WARNED / 4 else Certainty.LOOK,
            subject=activity,
            aspect="grows",
            message=f"The arguments of {activity!r} grow from call to call: {sized(first)} to {sized(last)} in "
            f"{len(sizes)} calls, {sized(sum(sizes))} of history in all. After about {left} more, one is over "
            f"{sized(PAYLOAD_REFUSED)} and is refused.",
            fix="Pass what is new and keep the rest in a store, or sum it up; continue as new.",
            event=calls[-1].event,
            weight=last,
        )


def near_limits(run: RecordedRun) -> Iterator[Sighting]:
    """Yield runs whose history is long or large, and that do not continue as new."""
    count, size = len(run.history.events), run.bytes
    reason = "" if MESSAGE_TOO_LARGE.search(run.terminated_because) else run.terminated_because
    what, ended = "", EXCEEDED.search(reason)
    if ended:
        what = f"was terminated: {reason.rstrip('.')}, after {count:,} events"
    elif count >= EVENTS_WARNED or size >= BYTES_WARNED:
        what = f"has {count:,} events and {sized(size)} in one run"
    elif (since := _since_suggested(run)) > _WENT_ON and run.closed_as != "CONTINUED_AS_NEW":
        what = f"went on for {since:,} events after Temporal had suggested to continue as new"
    if what:
        warned = count >= EVENTS_WARNED or size >= BYTES_WARNED
        yield Sighting(
            rule="CP207",
            certainty=Certainty.CERTAIN if ended else Certainty.LIKELY if warned else Certainty.LOOK,
            subject=run.workflow,
            message=f"{run.workflow} {what}. Temporal warns at {EVENTS_WARNED:,} events or {sized(BYTES_WARNED)} and "
            f"terminates the run at {EVENTS_ENDED:,} or {sized(BYTES_ENDED)}.",
            fix="Continue as new when workflow.info().is_continue_as_new_suggested().",
            event=number(run.history.events[-1]),
            weight=count + size,
        )


def _since_suggested(run: RecordedRun) -> int:
    for event in run.history.of_type("WORKFLOW_TASK_STARTED"):
        if attributes(event).get("suggestContinueAsNew"):
            return len(run.history.events) - number(event)
    return 0


def _refused_size(event: Event) -> str:
    """Return how the server says that the event stands for something too large; empty if it does not."""
    if kind(event) not in ("ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_STARTED"):
        return ""
    fields = attributes(event)
    for failure in causes(fields.get("failure") or fields.get("lastFailure")):
        message = str(failure.get("message", ""))
        if "serverFailureInfo" in failure and EXCEEDED.search(message):
            return message.rstrip(".")
    return ""


def _carried(event: Event, activities: dict[int, str], workflow: str) -> tuple[str, str]:
    """Return in words what the event carries, and the subject."""
    fields, name = attributes(event), kind(event)
    if name.startswith("ACTIVITY_TASK"):
        activity = activities.get(int(fields.get("scheduledEventId") or number(event)), "an activity")
        return f"{'What is passed to' if name.endswith('SCHEDULED') else 'What comes from'} {activity!r}", activity
    if name == "WORKFLOW_EXECUTION_SIGNALED":
        signal = str(fields.get("signalName", ""))
        return f"What the signal {signal!r} of {workflow} brings", signal
    parts = {
        "WORKFLOW_EXECUTION_STARTED": "What is passed to",
        "WORKFLOW_EXECUTION_COMPLETED": "The result of",
        "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": "What is passed to the next run of",
    }
    return f"{parts.get(name, f'What {name} holds in a history of')} {workflow}", workflow


def _one_per_task(calls: Sequence[Execution]) -> list[Execution]:
    """Return one call for each workflow task that decided any: calls side by side are no loop."""
    return list({each.decided: each for each in calls}.values())
