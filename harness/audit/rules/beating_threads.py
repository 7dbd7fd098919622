"""Beats that nobody hears, from threads without the activity's context, and beats that hide a request that hangs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.analysis.heartbeating import HEARTBEAT, HeartbeatManner, manner_of
from harness.audit.analysis.remote_calls import Towards, remote_named
from harness.audit.code.astroid_nodes import keyword_value
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_THREADS = {"threading.Thread": "target", "threading.Timer": "function"}
_POOLS = {"submit": 0, "run_in_executor": 1}
_DEEPEST = 4


def _outside_of_activity(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for call in frame.calls():
                run = _run_elsewhere(call, project)
                if run is None or call in reported or not _beats(run, project, _DEEPEST):
                    continue
                reported.add(call)
                message = (
                    f"{project.source(run, 40)}() beats for the activity {activity.name!r} in a thread that does not"
                    " have the activity's context: activity.heartbeat raises RuntimeError (not in activity context)"
                    " there, and the thread ends unseen. Run it by contextvars.copy_context().run, or by"
                    " asyncio.to_thread, which copies the context."
                )
                reached = reached_in(frame, project=project)
                yield project.finding("CP315", call, message, certainty=Certainty.CERTAIN, reached=reached)


def _run_elsewhere(call: nodes.Call, project: Project) -> Any:
    """Return the function that a call runs in another thread without copying the context; None if it does not."""
    name = project.dotted_name(call.func)
    if name in _THREADS:
        given = keyword_value(call, _THREADS[name])
        return given if given is not None else call.args[1] if len(call.args) > 1 else None
    method = call.func.attrname if isinstance(call.func, nodes.Attribute) else ""
    position = _POOLS.get(method)
    return call.args[position] if position is not None and len(call.args) > position else None


def _beats(reference: Any, project: Project, steps: int) -> bool:
    """Tell whether a function beats itself, or one that it calls does; what it runs in a context is left out."""
    if isinstance(reference, nodes.Lambda) or project.dotted_name(reference) == HEARTBEAT:
        calls = list(reference.nodes_of_class(nodes.Call)) if isinstance(reference, nodes.Lambda) else []
        return not calls or any(project.dotted_name(each.func) == HEARTBEAT for each in calls)
    if not isinstance(reference, nodes.Name | nodes.Attribute) or steps <= 0:
        return False
    for function in project.functions_called_by(reference):
        for call in own_nodes(function, nodes.Call):
            if project.dotted_name(call.func) == HEARTBEAT or _beats(call.func, project, steps - 1):
                return True
    return False


def _hidden_hangs(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        if manner_of(activity, project=project) is not HeartbeatManner.BESIDE:
            continue
        frames = frames_of(activity, project=project)
        if any(_limits(call, project) for frame in frames for call in frame.calls()):
            continue
        for frame in frames:
            for call in frame.calls():
                if call in reported or not _without_limit(call, project):
                    continue
                reported.add(call)
                yield _hidden(call, frame, project)


def _hidden(call: nodes.Call, frame: CallFrame, project: Project) -> AuditFinding:
    message = (
        f"{project.source(call.func, 40)} is given timeout=None, while {frame.activity.name!r} beats from beside it: a"
        " request that is never answered looks alive, and the attempt ends only at start-to-close. Give the client a"
        " limit of its own."
    )
    reached = reached_in(frame, project=project)
    return project.finding("CP319", call, message, certainty=Certainty.LIKELY, reached=reached)


def _without_limit(call: nodes.Call, project: Project) -> bool:
    given = keyword_value(call, "timeout")
    if not (isinstance(given, nodes.Const) and given.value is None):
        return False
    name = project.dotted_name(call.func)
    asked = remote_named(name) or remote_named(f"{name}.get") or remote_named(f"{name}.responses.create")
    return asked is not None and asked.towards in (Towards.MODEL, Towards.HTTP)


def _limits(call: nodes.Call, project: Project) -> bool:
    """Tell whether something bounds what is awaited: `asyncio.wait_for`, `asyncio.timeout`."""
    return project.dotted_name(call.func) in (
        "asyncio.wait_for",
        "asyncio.timeout",
        "async_timeout.timeout",
        "anyio.fail_after",
        "anyio.move_on_after",
    )


RULES = (
    Rule(
        id="CP315",
        name="beat-without-context",
        title="A thread beats without the context of the activity",
        why=(
            "activity.heartbeat finds its activity in a context variable, and a new thread begins with none. The beat "
            "raises in the thread, where nobody looks; the server hears nothing and gives a healthy attempt up."
        ),
        evidence=(
            "temporalio.activity.heartbeat raises RuntimeError('Not in activity context'). threading.Thread, "
            "Executor.submit and loop.run_in_executor copy no context (Python 3.11 to 3.14); asyncio.create_task and "
            "asyncio.to_thread do."
        ),
        fix="Hand over contextvars.copy_context().run with the function as its first argument.",
        bad="threading.Thread(target=beat, args=(stop,)).start()",
        right="threading.Thread(target=contextvars.copy_context().run, args=(beat, stop)).start()",
        certainty=Certainty.CERTAIN,
        judge=_outside_of_activity,
    ),
    Rule(
        id="CP319",
        name="hang-behind-beats",
        title="Beats from beside a request without a time limit hide that it hangs",
        why=(
            "A task that beats on a timer says that the process lives, not that the work goes on. Where the request "
            "has no limit of its own, a connection that died silently is waited for until start-to-close, however "
            "short the heartbeat timeout is."
        ),
        evidence=(
            "timeout=None turns the limits of httpx (5 s) and of the model clients (600 s) off. A reported agent "
            "waited 24 h for a stream that was dead, and beat all the time."
        ),
        fix="Give the client a timeout, or put asyncio.timeout around the request.",
        bad="beats = asyncio.create_task(beat_every(5))\nclient = AsyncOpenAI(timeout=None)",
        right="beats = asyncio.create_task(beat_every(5))\nclient = AsyncOpenAI(timeout=60, max_retries=0)",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_hidden_hangs,
    ),
)
