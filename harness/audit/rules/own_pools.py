"""Activities that wait for work in the very pool whose threads they occupy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_MESSAGE = (
    "{name!r} runs in this pool (activity_executor) and waits here for work in it. When as many attempts run as the"
    " pool has threads, each of them waits for a thread that another one holds, and none goes on until"
    " start-to-close. Use another pool, or do the work in place."
)
_WAITS = {"result", "wait", "as_completed", "exception"}


def _waiting_inside(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for worker in project.workers:
        executor = worker.options.get("activity_executor")
        pools = [one for one in project.origins_of(executor) if _is_made(one)] if executor is not None else []
        for activity in worker.activities if pools else ():
            for frame in frames_of(activity, project=project) if not activity.is_async else ():
                for call in frame.calls():
                    if call in reported or not _waits_for(call, frame, pools, project):
                        continue
                    reported.add(call)
                    reached = reached_in(frame, project=project)
                    message = _MESSAGE.format(name=activity.name)
                    yield project.finding("CP317", call, message, certainty=Certainty.LIKELY, reached=reached)


def _is_made(node: Any) -> bool:
    return isinstance(node, nodes.Call)


def _waits_for(call: nodes.Call, frame: CallFrame, pools: list[Any], project: Project) -> bool:
    if not isinstance(call.func, nodes.Attribute) or call.func.attrname not in ("submit", "map"):
        return False
    if not any(one in pools for one in project.origins_of(call.func.expr)):
        return False
    return call.func.attrname == "map" or any(
        (getattr(each.func, "attrname", "") or getattr(each.func, "name", "")) in _WAITS for each in frame.calls()
    )


RULES = (
    Rule(
        id="CP317",
        name="pool-waits-for-itself",
        title="An activity waits for work in the pool that it occupies",
        why=(
            "A threaded activity holds a thread of the worker's activity_executor while it runs. Work that it gives to "
            "the same pool waits for a free thread; under load there is none, and all attempts wait for each other."
        ),
        evidence=(
            "The documentation of concurrent.futures shows this as its first deadlock. The worker starts up to "
            "max_concurrent_activities attempts, as many as the pool has threads."
        ),
        fix="Give the activity a pool of its own.",
        bad="futures = [POOL.submit(part) for part in parts]  # Worker(..., activity_executor=POOL)",
        right="futures = [PARTS.submit(part) for part in parts]  # Worker(..., activity_executor=POOL)",
        certainty=Certainty.LIKELY,
        judge=_waiting_inside,
    ),
)
