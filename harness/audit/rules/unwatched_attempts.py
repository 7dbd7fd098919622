"""Long attempts without a heartbeat timeout: nobody notices that their worker died."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, frames_of, most_attempts
from harness.audit.analysis.heartbeating import first_heartbeat, span
from harness.audit.analysis.remote_calls import remote_call
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_LONG_S = 1800.0
"""From this start-to-close timeout on an attempt should be heard of."""


def _unwatched(project: Project) -> Iterator[AuditFinding]:
    reported: set[Any] = set()
    for started in activity_starts(project):
        activity, lasts = started.activity, span(started)
        given = "heartbeat_timeout" in started.options or not started.options_known
        if activity is None or started.is_local or given or lasts is None or lasts < _LONG_S:
            continue
        if activity in reported or most_attempts(started) == 1 or not _asks(activity, project):
            continue
        if first_heartbeat(activity, project=project) is not None:
            continue  # that its beats are unheard is a finding of its own
        reported.add(activity)
        message = (
            f"An attempt of {activity.name!r} may take {in_words(lasts)} and has no heartbeat_timeout: if its worker is"
            f" killed, the next attempt begins only when these {in_words(lasts)} are over, and a cancellation does not"
            " reach it. Beat while it works, and declare a heartbeat_timeout, or make start_to_close_timeout as short"
            " as an attempt really takes."
        )
        yield project.finding("CP318", started.node, message, certainty=Certainty.LOOK)


def _asks(activity: Activity, project: Project) -> bool:
    """Tell whether an activity asks the world outside, and not in a loop: those are a finding of their own."""
    frames = frames_of(activity, project=project)
    loops = any(True for frame in frames for _ in own_nodes(frame.function, nodes.For | nodes.While))
    return not loops and any(remote_call(call, project=project) for frame in frames for call in frame.calls())


RULES = (
    Rule(
        id="CP318",
        name="long-attempt-unwatched",
        title="A long attempt has no heartbeat timeout",
        why=(
            "The server learns that a worker died only by what it does not hear: a beat within the heartbeat timeout, "
            "or a result within start-to-close. With a long start-to-close alone, every deployment that kills a worker "
            "holds its workflows up for that long."
        ),
        evidence=(
            "Measured: after a SIGKILL the next attempt of an activity without heartbeat timeout comes after its "
            "start-to-close timeout. Cancellation is delivered with the answer to a heartbeat, and in no other way."
        ),
        fix="Call activity.heartbeat while it works and pass heartbeat_timeout.",
        bad="execute_activity(crawl, url, start_to_close_timeout=timedelta(hours=2))",
        right="execute_activity(crawl, url, start_to_close_timeout=timedelta(hours=2), heartbeat_timeout=MINUTE)",
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,
        judge=_unwatched,
    ),
)
