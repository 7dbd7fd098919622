"""Heartbeat timeouts and heartbeats that do not fit each other: unheard, expected in vain, or too far apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, activity_starts, frames_of, reached_in
from harness.audit.analysis.heartbeating import HeartbeatManner, first_heartbeat, manner_of, span
from harness.audit.analysis.remote_calls import RemoteCall, Towards, remote_call, spoken
from harness.audit.code.project_records import Activity, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_QUICK_S = 30.0
"""A request whose limit is no longer than this is expected to be quick."""


def _unheard_heartbeats(project: Project) -> Iterator[AuditFinding]:
    for started in activity_starts(project):
        if started.activity is None or started.is_local or _may_be_given(started, "heartbeat_timeout"):
            continue
        heartbeat = first_heartbeat(started.activity, project=project)
        if heartbeat is None:
            continue
        frame, node = heartbeat
        attempt = span(started)
        lasts = f"{in_words(attempt)} (start-to-close)" if attempt else "the start-to-close timeout"
        message = (
            f"{started.activity.name!r} beats, but is started without heartbeat_timeout: the beats do nothing. After a "
            f"SIGKILL the server notices only after {lasts}. Declare heartbeat_timeout, a few times the gap between "
            "two beats."
        )
        place = project.place(node, f"{frame.function.name}() beats here")
        yield project.finding(
            "CP303",
            started.node,
            message,
            certainty=Certainty.CERTAIN,
            evidence=(f"{place.file}:{place.line} {place.what}",),
        )


def _may_be_given(started: Started, option: str) -> bool:
    given = started.options.get(option)
    if given is None:
        return not started.options_known
    return not (isinstance(given, nodes.Const) and given.value is None)


def _never_heartbeats(project: Project) -> Iterator[AuditFinding]:
    for started in activity_starts(project):
        activity, timeout = started.activity, started.values.get("heartbeat_timeout")
        if activity is None or started.is_local or not isinstance(timeout, int | float) or timeout <= 0:
            continue
        if manner_of(activity, project=project) is not HeartbeatManner.NEVER:
            continue
        longer = _longer_than(timeout, activity, project)
        if longer:
            message = (
                f"{activity.name!r} is started with heartbeat_timeout {in_words(timeout)} and never calls "
                f"activity.heartbeat, while {longer}: a healthy attempt is failed after {in_words(timeout)} and "
                "started again beside itself. Beat while it waits, or leave the heartbeat timeout out."
            )
            yield project.finding("CP304", started.node, message, certainty=Certainty.LIKELY)


def _longer_than(timeout: float, activity: Activity, project: Project) -> str:
    """Return in words what may take longer than the timeout; empty if nothing is known to."""
    for frame in frames_of(activity, project=project):
        for call in frame.calls():
            remote = remote_call(call, project=project)
            if remote is None:
                continue
            where = f"{spoken(remote.name)} in line {call.lineno}"
            if remote.towards is Towards.SLEEP:
                lasts = project.value_of(call.args[0]) if call.args else None
                if isinstance(lasts, int | float) and lasts >= timeout:
                    return f"{where} alone takes {in_words(lasts)}"
            elif remote.towards is Towards.MODEL or _in_loop(call):
                lasts = _limit(call, remote, project)
                if lasts is None or lasts > timeout or _in_loop(call):
                    return f"{where} {'is repeated in a loop' if _in_loop(call) else 'may take longer'}"
    return ""


def _in_loop(call: nodes.Call) -> bool:
    node = call.parent
    while node is not None and not isinstance(node, nodes.FunctionDef):
        if isinstance(node, nodes.For | nodes.While | nodes.Comprehension):
            return True
        node = node.parent
    return False


def _limit(call: nodes.Call, remote: RemoteCall, project: Project) -> float | None:
    """Return the timeout that the call or the client's making names, else the library's own; None if unknown."""
    making = [one for one in _receivers(call, project) if isinstance(one, nodes.Call)]
    for one in [call, *making]:
        for keyword in one.keywords:
            if keyword.arg == "timeout":
                value = project.value_of(keyword.value)
                return float(value) if isinstance(value, int | float) else None
    return remote.timeout or None


def _receivers(call: nodes.Call, project: Project) -> Iterator[Any]:
    node: Any = call.func
    while isinstance(node, nodes.Attribute | nodes.Call):
        node = node.expr if isinstance(node, nodes.Attribute) else node.func
        if isinstance(node, nodes.Name | nodes.Attribute):
            yield from project.origins_of(node)
        elif isinstance(node, nodes.Call):
            yield node


def _gap_too_long(project: Project) -> Iterator[AuditFinding]:
    """Yield waits, between two heartbeats, that are as long as the heartbeat timeout."""
    reported: set[nodes.NodeNG] = set()
    for started in activity_starts(project):
        activity, timeout = started.activity, started.values.get("heartbeat_timeout")
        if activity is None or started.is_local or not isinstance(timeout, int | float) or timeout <= 0:
            continue
        if manner_of(activity, project=project) is not HeartbeatManner.IN_TURN:
            continue
        for frame, call, seconds in _sleeps_in(activity, project):
            if seconds >= timeout and call not in reported:
                reported.add(call)
                message = (
                    f"{activity.name!r} sleeps {in_words(seconds)} here without a beat, and is started with "
                    f"heartbeat_timeout {in_words(timeout)} ({started.place.file}:{started.place.line}): the server "
                    "gives the attempt up while it sleeps, and starts another. Sleep in shorter pieces with a beat "
                    "between them, or declare a longer heartbeat timeout."
                )
                reached = reached_in(frame, project=project)
                yield project.finding("CP309", call, message, certainty=Certainty.CERTAIN, reached=reached)


def _outlasting(project: Project) -> Iterator[AuditFinding]:
    """Yield requests, between two heartbeats, whose own time limit is longer than the heartbeat timeout."""
    yield from _gap_too_long(project)
    reported: set[nodes.NodeNG] = set()
    for started in activity_starts(project):
        activity, timeout = started.activity, started.values.get("heartbeat_timeout")
        if activity is None or started.is_local or not isinstance(timeout, int | float) or timeout <= 0:
            continue
        if manner_of(activity, project=project) is not HeartbeatManner.IN_TURN:
            continue
        for frame in frames_of(activity, project=project):
            for call in frame.calls():
                remote = remote_call(call, project=project)
                if remote is None or remote.towards not in (Towards.MODEL, Towards.HTTP) or call in reported:
                    continue
                limit = _limit(call, remote, project)
                if limit is not None and limit > max(timeout, _QUICK_S) and not _streams(call):
                    reported.add(call)
                    given = limit != remote.timeout
                    yield _outlasts(call, remote, limit, timeout, frame, given=given, project=project)


def _streams(call: nodes.Call) -> bool:
    """Tell whether an answer comes piece by piece, so that there may be beats between these."""
    return any(one.arg == "stream" for one in call.keywords) or "stream" in str(getattr(call.func, "attrname", ""))


def _outlasts(
    call: nodes.Call,
    remote: RemoteCall,
    limit: float,
    timeout: float,
    frame: CallFrame,
    *,
    given: bool,
    project: Project,
) -> AuditFinding:
    message = (
        f"{spoken(remote.name)} may wait {in_words(limit)} for its answer, without a beat, and"
        f" {frame.activity.name!r} is started with heartbeat_timeout {in_words(timeout)}: the server gives a healthy"
        " attempt up and starts another beside it. Beat from a task beside the request, give it a shorter limit, or"
        " declare a longer heartbeat timeout."
    )
    certainty = Certainty.LIKELY if given else Certainty.LOOK
    return project.finding("CP309", call, message, certainty=certainty, reached=reached_in(frame, project=project))


def _sleeps_in(activity: Activity, project: Project) -> Iterator[tuple[CallFrame, nodes.Call, float]]:
    """Yield the sleeps of an activity whose length is known, in seconds."""
    for frame in frames_of(activity, project=project):
        for call in frame.calls():
            seconds = project.value_of(call.args[0]) if call.args and _sleeps(call, project) else None
            if isinstance(seconds, int | float) and not _only_if_local(call):
                yield frame, call, float(seconds)


def _only_if_local(call: nodes.Call) -> bool:
    """Tell whether a call is made only where the activity is a local one, which has no heartbeat timeout."""
    child: Any = call
    for each in call.node_ancestors():
        if isinstance(each, nodes.If) and child in each.body and "is_local" in each.test.as_string():
            return True
        child = each
    return False


def _sleeps(call: nodes.Call, project: Project) -> bool:
    remote = remote_call(call, project=project)
    return remote is not None and remote.towards is Towards.SLEEP


RULES = (
    Rule(
        id="CP303",
        name="beats-unheard",
        title="An activity beats, but the workflow declares no heartbeat timeout",
        why=(
            "Without a heartbeat timeout the server expects no beats. A worker that died is noticed when the "
            "start-to-close timeout is over, which for a long activity is minutes or hours, and nothing is ever given "
            "up earlier than that."
        ),
        evidence=(
            "Measured: after a SIGKILL the next attempt of an activity without heartbeat timeout comes after its "
            "start-to-close timeout (20 to 300 s in public samples). Without a heartbeat timeout the worker sends a "
            "beat every 30 s at most, and the server stores it, no more."
        ),
        fix=(
            "Pass heartbeat_timeout where the activity is started, a few times as long as the longest gap between two "
            "beats. The worker sends a beat at most every 80 % of it."
        ),
        bad=(
            "await workflow.execute_activity(\n    crawl, urls, start_to_close_timeout=timedelta(minutes=30),\n"
            "    retry_policy=RETRIES,\n)"
        ),
        right=(
            "await workflow.execute_activity(\n    crawl, urls, start_to_close_timeout=timedelta(minutes=30),\n"
            "    heartbeat_timeout=timedelta(seconds=30), retry_policy=RETRIES,\n)"
        ),
        certainty=Certainty.CERTAIN,
        severity=Severity.RISKY,
        judge=_unheard_heartbeats,
    ),
    Rule(
        id="CP304",
        name="beats-never-come",
        title="A heartbeat timeout is declared for an activity that takes longer and never beats",
        why=(
            "The server fails the attempt when the heartbeat timeout has passed since its start, however alive it is, "
            "and starts another one beside it. The model is asked, and paid, twice; effects happen twice."
        ),
        evidence=(
            "Temporal starts the heartbeat clock with the attempt; only activity.heartbeat winds it up again. The SDK "
            "never beats by itself. The official model clients wait up to 600 s for an answer."
        ),
        fix=(
            "Beat from a task beside the long call, every third of the heartbeat timeout; or leave the heartbeat "
            "timeout out and make start_to_close_timeout short."
        ),
        bad=(
            "await workflow.execute_activity(\n    think, question, start_to_close_timeout=timedelta(minutes=5),\n"
            "    heartbeat_timeout=timedelta(seconds=10),  # think() awaits a model and never beats\n)"
        ),
        right=(
            "async def think(question: str) -> str:\n    beats = asyncio.create_task(beat_every(3))\n    try:\n"
            "        return await ask(question)\n    finally:\n        beats.cancel()"
        ),
        certainty=Certainty.LIKELY,
        judge=_never_heartbeats,
    ),
    Rule(
        id="CP309",
        name="gap-longer-than-heartbeat-timeout",
        title="An activity sleeps, or waits for an answer, longer between two beats than its heartbeat timeout allows",
        why=(
            "The server gives up an attempt that is silent for longer than its heartbeat timeout. The sleeping "
            "attempt wakes up as one that nobody waits for, and does its work beside the next one."
        ),
        evidence=(
            "Measured: an activity with heartbeat_timeout 1 s that slept 1.7 s between two beats was timed out and "
            "started again. Beats are throttled to 80 % of the timeout, so even a gap just below it is too long."
        ),
        fix="Sleep in pieces of a third of the heartbeat timeout, with a beat after each, or declare a longer one.",
        bad="activity.heartbeat()\nawait asyncio.sleep(60)  # heartbeat_timeout=timedelta(seconds=30)",
        right="for _ in range(6):\n    activity.heartbeat()\n    await asyncio.sleep(10)",
        certainty=Certainty.CERTAIN,
        judge=_outlasting,
    ),
)
