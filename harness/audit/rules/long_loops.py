"""Long loops of activities: without a sign of life, or with signs that no next attempt ever reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in, starts_of
from harness.audit.analysis.heartbeating import HEARTBEAT, HeartbeatManner, manner_of, span
from harness.audit.analysis.remote_calls import RemoteCall, Towards, remote_call, spoken
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_LONG_S = 60.0
"""From this start-to-close timeout on an activity counts as long."""

_FEW = 3
"""A loop over so many written-out items is no long one."""

_RETRIES = re.compile(r"retr(?:y|ies)|attempt|tries", re.IGNORECASE)
"""How a loop is written that asks for the same thing again; most often it asks once."""

_LOOPS = nodes.For | nodes.While


def _loops_without_heartbeat(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        if manner_of(activity, project=project) is not HeartbeatManner.NEVER:
            continue
        longest = _longest(activity, project)
        for frame in frames_of(activity, project=project):
            for loop in own_nodes(frame.function, _LOOPS):
                call, remote = _asked_in(loop, frame, project)
                if call is None or remote is None or loop in reported or not _may_last(loop, longest, project):
                    continue
                reported.add(loop)
                yield _silent_loop(loop, remote, frame, longest, project)
                break


def _longest(activity: Activity, project: Project) -> float | None:
    """Return the longest time that a workflow gives one attempt, 0 if all are local; None if that cannot be told."""
    starts = starts_of(activity, project=project)
    if not starts:
        return None
    spans = [span(started) for started in starts if not started.is_local]
    known = [one for one in spans if one is not None]
    return max(known, default=0.0) if len(known) == len(spans) or max(known, default=0.0) >= _LONG_S else None


def _may_last(loop: Any, longest: float | None, project: Project) -> bool:
    if longest is not None and longest < _LONG_S:
        return False
    if isinstance(loop, nodes.For) and _RETRIES.search(f"{loop.target.as_string()} {loop.iter.as_string()}"):
        return False
    if isinstance(loop, nodes.While):
        return longest is not None or isinstance(loop.test, nodes.Const)
    items = project.value_of(loop.iter)
    return longest is not None and not (isinstance(items, list | tuple) and len(items) <= _FEW)


def _asked_in(
    loop: Any, frame: CallFrame, project: Project, *, waits: bool = True
) -> tuple[nodes.Call | None, RemoteCall | None]:
    """Return the first call in the loop, or in a function that it calls, that asks the world outside, or waits."""
    inside = set(loop.nodes_of_class(nodes.Call))
    below = [one for one in frames_of(frame.activity, project=project) if _entered_in(one, frame, inside)]
    for here in [frame, *below]:
        for call in here.calls():
            remote = remote_call(call, project=project) if here is not frame or call in inside else None
            if remote and (waits or remote.towards is not Towards.SLEEP):
                return call, remote
    return None, None


def _entered_in(one: CallFrame, frame: CallFrame, inside: set[nodes.Call]) -> bool:
    """Tell whether a frame lies below another one, by way of one of these calls."""
    chain = one.chain
    return frame in chain[:-1] and chain[chain.index(frame) + 1].call in inside


def _silent_loop(
    loop: Any, remote: RemoteCall, frame: CallFrame, longest: float | None, project: Project
) -> AuditFinding:
    lasting = f"may run for {in_words(longest)}" if longest else "may run for long"
    message = (
        f"The activity {frame.activity.name!r} {lasting} in this loop around {spoken(remote.name)} and never calls "
        "activity.heartbeat: after its worker is killed the server waits for the whole start-to-close timeout, the "
        "next attempt begins from the start, and a cancellation never arrives. Beat in the loop, with what is done as "
        "details, and declare a heartbeat_timeout."
    )
    certainty = Certainty.LIKELY if longest is not None else Certainty.LOOK
    return project.finding("CP302", loop, message, certainty=certainty, reached=reached_in(frame, project=project))


def _details_unread(project: Project) -> Iterator[AuditFinding]:
    """Yield heartbeats in a loop that carry its progress, in activities that never ask what the last attempt told."""
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        frames = frames_of(activity, project=project)
        if any(node.attrname == "heartbeat_details" for frame in frames for node in _attributes(frame)):
            continue
        for frame in frames:
            for loop in own_nodes(frame.function, nodes.For):
                heartbeat = _progress_told(loop, frame, project)
                if heartbeat is not None and heartbeat not in reported:
                    reported.add(heartbeat)
                    message = (
                        f"The beats of {activity.name!r} tell how far it got ({project.source(heartbeat.args[0])}), "
                        "but no attempt reads activity.info().heartbeat_details: after a crash all of it is done "
                        "again. Begin the loop where the details say that the last attempt was."
                    )
                    reached = reached_in(frame, project=project)
                    yield project.finding("CP308", heartbeat, message, certainty=Certainty.LOOK, reached=reached)


def _attributes(frame: CallFrame) -> Iterator[Any]:
    yield from frame.function.nodes_of_class(nodes.Attribute)


def _progress_told(loop: nodes.For, frame: CallFrame, project: Project) -> nodes.Call | None:
    """Return the heartbeat in a counting loop around remote work whose details name the loop's number."""
    counters = {one.name for one in loop.target.nodes_of_class(nodes.AssignName)}
    counts = project.dotted_name(getattr(loop.iter, "func", None)) in ("builtins.range", "builtins.enumerate")
    if not counts or _asked_in(loop, frame, project, waits=False)[0] is None:
        return None
    for call in loop.nodes_of_class(nodes.Call):
        named = {one.name for argument in call.args for one in argument.nodes_of_class(nodes.Name)}
        if counters & named and project.dotted_name(call.func) == HEARTBEAT:
            return call
    return None


RULES = (
    Rule(
        id="CP302",
        name="long-loop-without-beat",
        title="A long activity loops around remote calls and never beats",
        why=(
            "A worker that died in the middle is noticed only when the start-to-close timeout is over; the next "
            "attempt then begins from the start and pays for everything again. A cancellation reaches an activity "
            "only through its beats, so this one cannot be stopped either."
        ),
        evidence=(
            "Measured: after a SIGKILL the server waits for start-to-close where no heartbeat timeout is declared (5 "
            "min stayed 5 min); with one it waits for the heartbeat timeout, and the next attempt is handed the "
            "details of the last beat that was delivered."
        ),
        fix=(
            "Call activity.heartbeat with the position in each round, begin at activity.info().heartbeat_details, and "
            "declare a heartbeat_timeout where the activity is started. Or make each round an activity of its own."
        ),
        bad="for chapter in chapters:\n    found.append(await sum_up(chapter))",
        right=(
            "details = activity.info().heartbeat_details\nfor number in range(details[0] if details else 0, "
            "len(chapters)):\n"
            "    await sum_up(chapters[number])\n    activity.heartbeat(number + 1)"
        ),
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_loops_without_heartbeat,
    ),
    Rule(
        id="CP308",
        name="progress-never-read",
        title="Beats tell how far an activity got, and no attempt reads it",
        why=(
            "The details of the last beat are handed to the next attempt. Where nobody reads them, every crash does "
            "all of the work again: the same pages are summed up, and paid for, a second time."
        ),
        evidence=(
            "Temporal delivers the details of the last recorded beat as activity.info().heartbeat_details of the next "
            "attempt. The last beat before a SIGKILL may be lost, since beats are throttled to 80 % of the timeout."
        ),
        fix="Begin the loop at what activity.info().heartbeat_details tells.",
        bad="for page in range(pages):\n    await sum_up(page)\n    activity.heartbeat(page + 1)",
        right=(
            "details = activity.info().heartbeat_details\nfor page in range(details[0] if details else 0, pages):\n"
            "    await sum_up(page)\n    activity.heartbeat(page + 1)"
        ),
        certainty=Certainty.LOOK,
        severity=Severity.WASTEFUL,
        judge=_details_unread,
    ),
)
