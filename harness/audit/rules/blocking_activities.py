"""Blocking calls in async activities: they stop the event loop, and with it every heartbeat and poll of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.analysis.remote_calls import RemoteCall, Towards, remote_call, spoken
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_SHORTEST_SLEEP_S = 0.05
"""A sleep up to this long is passed over."""

_INSTEAD = {
    Towards.MODEL: "use the client's Async class and await it",
    Towards.HTTP: "use an async client (httpx.AsyncClient, aiohttp), or make the activity a plain `def`",
    Towards.PROCESS: "use asyncio.create_subprocess_exec, or make the activity a plain `def`",
    Towards.STORE: "use an async driver, or make the activity a plain `def`",
    Towards.MAIL: "hand it to asyncio.to_thread, or make the activity a plain `def`",
    Towards.SLEEP: "await asyncio.sleep",
}


def _blocking(project: Project) -> Iterator[AuditFinding]:
    """Yield the first blocking call of each kind in each function that runs on the event loop."""
    reported: set[tuple[nodes.NodeNG, str]] = set()
    for activity in project.activities:
        if not activity.is_async:
            continue
        for frame in frames_of(activity, project=project):
            if not frame.on_loop:
                continue
            for call, remote in _blocking_calls(frame, project):
                package = remote.name.partition(".")[0]
                if (frame.function, package) not in reported:
                    reported.add((frame.function, package))
                    yield _finding(frame, call, remote, project)


def _blocking_calls(frame: CallFrame, project: Project) -> Iterator[tuple[nodes.Call, RemoteCall]]:
    for call in frame.calls():
        remote = remote_call(call, project=project)
        if remote and remote.blocks and not isinstance(call.parent, nodes.Await) and not _short(call, remote, project):
            yield call, remote


def _short(call: nodes.Call, remote: RemoteCall, project: Project) -> bool:
    if remote.towards is not Towards.SLEEP or not call.args:
        return False
    seconds = project.value_of(call.args[0])
    return isinstance(seconds, int | float) and seconds <= _SHORTEST_SLEEP_S


def _finding(frame: CallFrame, call: nodes.Call, remote: RemoteCall, project: Project) -> AuditFinding:
    message = (
        f"{spoken(remote.name)} blocks the event loop on which the async activity {frame.activity.name!r} runs: until "
        "it returns no other activity goes on, no heartbeat is sent and no task is polled. Write instead: "
        f"{_INSTEAD[remote.towards]}."
    )
    sure = Certainty.CERTAIN if remote.towards is not Towards.STORE else Certainty.LIKELY
    return project.finding("CP301", call, message, certainty=sure, reached=reached_in(frame, project=project))


RULES = (
    Rule(
        id="CP301",
        name="blocking-call-in-async-activity",
        title="An async activity makes a call that blocks the worker's event loop",
        why=(
            "All async activities of a worker share one event loop with the code that sends heartbeats and polls for "
            "tasks. A call that blocks its thread stops all of them: attempts that are alive miss their heartbeat "
            "timeout and are started a second time beside the first."
        ),
        evidence=(
            "Temporal's Python SDK runs `async def` activities on the loop that called Worker.run, and plain `def` "
            "ones in the activity executor. Heartbeats are throttled to 80 % of the timeout, so a block of a fifth of "
            "the heartbeat timeout can be enough to lose a live attempt."
        ),
        fix=(
            "Await the async form of the library, hand the call to asyncio.to_thread, or make the activity a plain "
            "`def` and give the worker an activity_executor."
        ),
        bad="@activity.defn\nasync def fetch(url: str) -> str:\n    return requests.get(url, timeout=20).text",
        right=(
            "@activity.defn\nasync def fetch(url: str) -> str:\n    async with httpx.AsyncClient(timeout=20) as "
            "client:\n"
            "        return (await client.get(url)).text"
        ),
        certainty=Certainty.CERTAIN,
        severity=Severity.RISKY,
        judge=_blocking,
    ),
)
