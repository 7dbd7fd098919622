"""Whether and where an activity heartbeats, and how long one attempt of it may take."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity, Started

if TYPE_CHECKING:
    from harness.audit.code.project import Project

HEARTBEAT = "temporalio.activity.heartbeat"

_MOST = 50
"""Functions that are looked through below an object that may heartbeat."""


class HeartbeatManner(StrEnum):
    """How an activity heartbeats."""

    NEVER = "never"
    IN_TURN = "in turn with its work"
    BESIDE = "from a task, thread or function beside its work"
    UNKNOWN = "perhaps, in code that cannot be seen"


def manner_of(activity: Activity, *, project: Project) -> HeartbeatManner:
    """Tell how the activity heartbeats; a decorator, an interceptor or a plugin of the worker may do it for it."""
    if _decorated_by_others(activity, project) or _intercepted(activity, project):
        return HeartbeatManner.UNKNOWN
    frames = frames_of(activity, project=project)
    places = [(frame, node) for frame in frames for node in _heartbeats_in(frame.function, project)]
    if not places:
        return HeartbeatManner.BESIDE if _heartbeats_elsewhere(activity, frames, project) else HeartbeatManner.NEVER
    in_turn = all(frame.all_given and _is_called(node) and node.frame() is frame.function for frame, node in places)
    tasks = any(_starts_task(frame, project) for frame, _ in places for frame in frame.chain)
    return HeartbeatManner.IN_TURN if in_turn and not tasks else HeartbeatManner.BESIDE


def _heartbeats_elsewhere(activity: Activity, frames: Sequence[CallFrame], project: Project) -> bool:
    """Tell whether a decorator heartbeats for it, or an object that it makes (`async with Beats():`) may."""
    if any(project.functions_called_by(_named(one)) for one in _other_decorators(activity)):
        return True
    made = (one for frame in frames for call in frame.calls() for one in project.origins_of(call.func))
    classes = {one for one in made if isinstance(one, nodes.ClassDef)}
    return any(
        _heartbeats_below([each for each in one.body if isinstance(each, nodes.FunctionDef)], project)
        for one in classes
    )


def _heartbeats_below(methods: list[Any], project: Project) -> bool:
    """Tell whether one of these functions heartbeats, or one that they call."""
    waiting, seen = methods, set(methods)
    while waiting and len(seen) < _MOST:
        function = waiting.pop()
        if _heartbeats_in(function, project):
            return True
        for call in own_nodes(function, nodes.Call):
            called = [one for one in project.functions_called_by(call.func) if one not in seen]
            waiting += called
            seen.update(called)
    return False


def first_heartbeat(activity: Activity, *, project: Project) -> tuple[CallFrame, Any] | None:
    """Return the first heartbeat that the activity's own code makes, and the function in which it stands."""
    for frame in frames_of(activity, project=project):
        for node in _heartbeats_in(frame.function, project):
            return frame, node
    return None


def span(started: Started) -> float | None:
    """Return how long one attempt may take, in seconds, as the options of the start say; None if unknown."""
    for option in ("start_to_close_timeout", "schedule_to_close_timeout"):
        if option in started.options:
            seconds = started.values.get(option)
            if isinstance(seconds, int | float):
                return float(seconds)
    return None


def _heartbeats_in(function: Any, project: Project) -> list[Any]:
    """Return the places in a function, those defined in it too, where the beating function is named."""
    beats = [
        node
        for node in function.nodes_of_class((nodes.Attribute, nodes.Name))
        if getattr(node, "attrname", "heartbeat") == "heartbeat" and project.dotted_name(node) == HEARTBEAT
    ]
    elsewhere = project.skipped_in_activities(function) if beats else frozenset()
    return [node for node in beats if elsewhere.isdisjoint(node.node_ancestors())]


def _is_called(node: Any) -> bool:
    return isinstance(node.parent, nodes.Call) and node.parent.func is node


def _starts_task(frame: CallFrame, project: Project) -> bool:
    tasks = ("create_task", "ensure_future", "start_soon", "gather", "Thread", "submit", "to_thread")
    return any(project.dotted_name(call.func).rpartition(".")[2] in tasks for call in frame.calls())


def _other_decorators(activity: Activity) -> list[Any]:
    decorators = activity.node.decorators
    return [one for one in (decorators.nodes if decorators else ()) if one is not activity.decorator]


def _named(decorator: Any) -> Any:
    return decorator.func if isinstance(decorator, nodes.Call) else decorator


def _decorated_by_others(activity: Activity, project: Project) -> bool:
    """Tell whether a decorator stands on it whose code is not the user's."""
    return any(
        not project.functions_called_by(_named(one))
        and project.dotted_name(_named(one)) not in ("builtins.staticmethod", "builtins.classmethod")
        for one in _other_decorators(activity)
    )


def _intercepted(activity: Activity, project: Project) -> bool:
    return any(
        activity in worker.activities and {"interceptors", "plugins"} & worker.options.keys()
        for worker in project.workers
    )
