"""Where an attempt goes on after the last one died: with the unit of work that the last heartbeat's details name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.analysis.heartbeating import HEARTBEAT
from harness.audit.analysis.remote_calls import Towards, remote_call
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project


def _skipped(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for loop in own_nodes(frame.function, nodes.For):
                begins = _begins_behind(loop, project)
                heartbeat = _heartbeat_before_work(loop, project) if begins is not None else None
                if heartbeat is not None and begins not in reported:
                    reported.add(begins)
                    yield _finding(begins, heartbeat, frame, project)


def _begins_behind(loop: nodes.For, project: Project) -> Any:
    """Return the expression by which the loop begins one after what the details tell; None if it does not."""
    called = loop.iter
    if not isinstance(called, nodes.Call) or project.dotted_name(called.func) != "builtins.range":
        return None
    if len(called.args) < 2:
        return None
    for begin in project.origins_of(called.args[0]):
        for sum_ in begin.nodes_of_class(nodes.BinOp):
            one_more = isinstance(sum_.right, nodes.Const) and sum_.right.value == 1 and sum_.op == "+"
            if one_more and _of_details(sum_.left, project):
                return sum_
    return None


def _of_details(node: Any, project: Project) -> bool:
    """Tell whether an expression is made of activity.info().heartbeat_details."""
    for name in (one for one in node.nodes_of_class((nodes.Name, nodes.Attribute))):
        if any(getattr(one, "attrname", "") == "heartbeat_details" for one in (name, *_meant(name, project))):
            return True
    return False


def _meant(name: Any, project: Project) -> Iterator[Any]:
    if isinstance(name, nodes.Name):
        for origin in name.lookup(name.name)[1]:
            value = getattr(origin.parent, "value", None)
            yield from value.nodes_of_class(nodes.Attribute) if value is not None else ()


def _heartbeat_before_work(loop: nodes.For, project: Project) -> nodes.Call | None:
    """Return the heartbeat that names the unit of this round, if it comes before the round does anything."""
    counter = loop.target.name if isinstance(loop.target, nodes.AssignName) else ""
    for statement in loop.body:
        for call in statement.nodes_of_class(nodes.Call):
            if project.dotted_name(call.func) == HEARTBEAT:
                argument = call.args[0] if call.args else None
                return call if isinstance(argument, nodes.Name) and argument.name == counter else None
            remote = remote_call(call, project=project)
            if (remote and remote.towards is not Towards.SLEEP) or project.functions_called_by(call.func):
                return None
    return None


def _finding(begins: Any, heartbeat: nodes.Call, frame: CallFrame, project: Project) -> AuditFinding:
    message = (
        f"{frame.activity.name!r} beats with {project.source(heartbeat.args[0])} before that is done "
        f"(line {heartbeat.lineno}), "
        f"and its next attempt begins one after it ({project.source(begins)}): what was under way when the worker died "
        "is done by nobody. Begin with what the details name, or beat when it is done."
    )
    return project.finding(
        "CP312", begins, message, certainty=Certainty.LIKELY, reached=reached_in(frame, project=project)
    )


RULES = (
    Rule(
        id="CP312",
        name="checkpoint-skips-work",
        title="The next attempt skips what was under way when the last one died",
        why=(
            "A beat that names what is about to be done is no proof that it was done. An attempt that begins behind "
            "it leaves a hole: a page that is never copied, a customer who is never paid."
        ),
        evidence=(
            "Temporal hands the details of the last recorded beat to the next attempt, whatever happened after it. "
            "Planted and found by a kill before the effect: one page was missing at the end."
        ),
        fix="Begin with the unit that the details name, under its idempotency key; or beat when a unit is done.",
        bad="first = details[0] + 1 if details else 0\nfor page in range(first, pages):\n    activity.heartbeat(page)",
        right="first = details[0] if details else 0\nfor page in range(first, pages):\n    activity.heartbeat(page)",
        certainty=Certainty.LIKELY,
        judge=_skipped,
    ),
)
