"""Cancellation of activities that is caught and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.analysis.heartbeating import HEARTBEAT
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_TASK_CANCEL = {"asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"}
_THREAD_CANCEL = {"temporalio.exceptions.CancelledError", "builtins.BaseException", "builtins.Exception"}
_CANCELLED_BY_NAME = {"asyncio.CancelledError", "asyncio.exceptions.CancelledError"}
_REASONS = {"is_worker_shutdown", "is_cancelled", "cancellation_details", "wait_for_worker_shutdown_sync"}


def _swallowed(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for block in own_nodes(frame.function, nodes.Try):
                caught = _swallows(block, frame, project) or _takes_for_end(block, frame, project)
                if caught is not None and caught not in reported:
                    reported.add(caught)
                    yield _finding(caught, frame, project)


def _swallows(block: Any, frame: CallFrame, project: Project) -> nodes.ExceptHandler | None:
    """Return the handler that takes a cancellation and goes on as if nothing had been; None if there is none."""
    if not _may_be_cancelled(block, frame, project) or not _goes_on_after(block):
        return None
    cancels = _TASK_CANCEL if frame.on_loop else _THREAD_CANCEL
    for caught in block.handlers:
        names = _caught(caught, project)
        if not names or names & cancels:
            return None if _ends(caught) else caught
    return None


def _takes_for_end(block: Any, frame: CallFrame, project: Project) -> nodes.ExceptHandler | None:
    """Return the clause by which an async activity ends with a result when it is cancelled, without asking why."""
    if frame.caller is not None or not frame.on_loop or not _may_be_cancelled(block, frame, project):
        return None
    for caught in block.handlers:
        if _caught(caught, project) & _CANCELLED_BY_NAME:
            inside = [one for part in caught.body for one in part.nodes_of_class((nodes.Attribute, nodes.Name))]
            asks = any(getattr(one, "attrname", getattr(one, "name", "")) in _REASONS for one in inside)
            raises = any(True for part in caught.body for _ in part.nodes_of_class(nodes.Raise))
            return None if raises or asks else caught
    return None


def _may_be_cancelled(block: Any, frame: CallFrame, project: Project) -> bool:
    """Tell whether a cancellation can arrive in the block: at an await, or at a heartbeat of a threaded activity."""
    if frame.on_loop:
        awaits = [one for part in block.body for one in part.nodes_of_class(nodes.Await)]
        waits = [one for part in block.body for one in part.nodes_of_class((nodes.AsyncWith, nodes.AsyncFor))]
        return bool(waits) or any(not _is_being_cancelled(one, frame, project) for one in awaits)
    calls = (one for part in block.body for one in part.nodes_of_class(nodes.Call))
    return any(project.dotted_name(one.func) == HEARTBEAT for one in calls)


def _is_being_cancelled(waits: nodes.Await, frame: CallFrame, project: Project) -> bool:
    """Tell whether what is awaited is a task, or tasks gathered, that this very function cancels."""
    cancelled = [
        call.func.expr
        for call in frame.calls()
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in ("cancel", "aclose")
    ]
    if cancelled and project.dotted_name(waits.value) == "asyncio.gather()":
        return True
    names = {one.name for one in waits.value.nodes_of_class(nodes.Name)}
    return any(names & {one.name for one in each.nodes_of_class(nodes.Name)} for each in cancelled)


def _caught(caught: nodes.ExceptHandler, project: Project) -> set[str]:
    """Return the names of what a handler catches; empty for everything."""
    if caught.type is None:
        return set()
    each = caught.type.elts if isinstance(caught.type, nodes.Tuple) else [caught.type]
    return {project.dotted_name(one) or one.as_string() for one in each}


def _ends(caught: nodes.ExceptHandler) -> bool:
    """Tell whether a handler leaves the function or the loop, in at least one case."""
    return any(True for part in caught.body for _ in part.nodes_of_class((nodes.Raise, nodes.Return, nodes.Break)))


def _goes_on_after(block: Any) -> bool:
    """Tell whether more work follows the block: the next round of a loop, or another statement that waits."""
    node = block
    while not isinstance(node.parent, nodes.FunctionDef):
        if isinstance(node.parent, nodes.For | nodes.While):
            return True
        node = node.parent
    body = node.parent.body
    after = body[body.index(node) + 1 :] if node in body else []
    return any(True for statement in after for _ in statement.nodes_of_class(nodes.Await))


def _finding(caught: nodes.ExceptHandler, frame: CallFrame, project: Project) -> AuditFinding:
    what = project.source(caught.type) if caught.type is not None else "everything"
    where = "at an await" if frame.on_loop else "by activity.heartbeat"
    if not _goes_on_after(caught.parent) or _ends(caught):
        return _ended(what, caught, frame, project)
    message = (
        f"The activity {frame.activity.name!r} catches {what} here and goes on. A cancellation, a timeout that the "
        f"server has declared and the shutdown of the worker all arrive as such an error, {where}: it works on for "
        "nobody, beside its successor. Catch what may fail by name, or let the cancellation through with `raise`."
    )
    return project.finding(
        "CP307", caught, message, certainty=Certainty.LIKELY, reached=reached_in(frame, project=project)
    )


def _ended(what: str, caught: nodes.ExceptHandler, frame: CallFrame, project: Project) -> AuditFinding:
    message = (
        f"The activity {frame.activity.name!r} catches {what} here and ends with a result. The shutdown of its worker"
        " arrives as such an error, too: half of the work is then recorded as a success, and no next attempt does the"
        " rest. Raise it again, unless activity.cancellation_details() says that the workflow asked for it."
    )
    return project.finding(
        "CP307", caught, message, certainty=Certainty.LIKELY, reached=reached_in(frame, project=project)
    )


RULES = (
    Rule(
        id="CP307",
        name="activity-swallows-cancellation",
        title="An activity catches its own cancellation and goes on",
        why=(
            "The cancellation is the only word by which an attempt learns that it was given up, cancelled, or that "
            "its worker must stop. An attempt that swallows it goes on with its effects beside the next attempt, and "
            "holds up the shutdown until it is killed."
        ),
        evidence=(
            "In async activities Temporal cancels the task (asyncio.CancelledError, a BaseException); in threaded "
            "ones temporalio.exceptions.CancelledError, an Exception, is raised in the thread. It is raised once."
        ),
        fix="Catch the errors that you mean by name; where you must catch all, `raise` the cancellation again.",
        bad=(
            "for url in urls:\n    try:\n        activity.heartbeat(url)\n        fetch(url)\n    except Exception:\n"
            "        log(url)"
        ),
        right=(
            "for url in urls:\n    activity.heartbeat(url)\n    try:\n        fetch(url)\n    except Exception:\n"
            "        log(url)"
        ),
        certainty=Certainty.LIKELY,
        judge=_swallowed,
    ),
)
