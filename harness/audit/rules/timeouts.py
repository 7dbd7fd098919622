"""Timeouts of activities: missing, against each other, or too short for the retries that they bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, most_attempts
from harness.audit.analysis.graph_nodes import graph_nodes
from harness.audit.code.project_records import Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words
from harness.temporal.retry_policy import RETRY_COEFFICIENT, RETRY_INITIAL_SECONDS, RetryPolicy

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_ATTEMPT, _ALL, _HEARTBEAT, _QUEUE = (
    "start_to_close_timeout",
    "schedule_to_close_timeout",
    "heartbeat_timeout",
    "schedule_to_start_timeout",
)
_ALL_TIMEOUTS = (_ATTEMPT, _ALL, _HEARTBEAT, _QUEUE)


def _missing(project: Project) -> Iterator[AuditFinding]:
    for started in activity_starts(project):
        if not started.options_known or started.operation.endswith("_tool"):
            continue
        if any(_is_given(started, option) for option in (_ATTEMPT, _ALL)):
            continue
        message = (
            f"{_target(started)} is started without start_to_close_timeout and without schedule_to_close_timeout: the "
            "SDK raises a ValueError here, which fails the workflow task again and again; the workflow hangs. Pass "
            "start_to_close_timeout, a little more than one attempt may take."
        )
        yield project.finding("CP401", started.node, message, certainty=Certainty.CERTAIN)
    yield from _missing_at_nodes(project)


def _missing_at_nodes(project: Project) -> Iterator[AuditFinding]:
    for each in graph_nodes(project):
        if not any(option in options for options in each.options for option in (_ATTEMPT, _ALL)):
            what = f"The activity of {each.name!r}" if each.name else "The activity of this node"
            message = (
                f"{what} is started without start_to_close_timeout and without schedule_to_close_timeout, which "
                "LangGraphPlugin has no default for: the SDK raises a ValueError there, which fails the workflow task "
                "again and again; the workflow hangs. Put one beside execute_in, or into default_activity_options."
            )
            yield project.finding("CP401", each.node, message, certainty=Certainty.CERTAIN)


def _is_given(started: Started, option: str) -> bool:
    """Tell whether an option is passed with something else than a written None."""
    given = started.options.get(option)
    if given is None:
        return False
    return not (isinstance(given, nodes.Const) and given.value is None)


def _target(started: Started) -> str:
    name = started.activity.name if started.activity else started.target
    return repr(name) if name else "An activity"


def _contradictions(project: Project) -> Iterator[AuditFinding]:
    for started in activity_starts(project):
        for certainty, contradiction in _contradicting(started):
            message = f"{_target(started)}: {contradiction}"
            yield project.finding("CP402", started.node, message, certainty=certainty)
            break


def _contradicting(started: Started) -> Iterator[tuple[Certainty, str]]:
    values = {one: _seconds(started, one) for one in _ALL_TIMEOUTS}
    for option, seconds in values.items():
        if seconds is not None and seconds < 0:
            yield (
                Certainty.CERTAIN,
                f"{option} is negative ({in_words(seconds)}); the server refuses the command, and the workflow task "
                "fails again and again.",
            )
        elif seconds == 0 and option in (_ATTEMPT, _ALL):
            yield Certainty.LIKELY, f"{option} is zero, which means none; leave it out, or say how long."
    attempt, whole, heartbeat = values[_ATTEMPT], values[_ALL], values[_HEARTBEAT]
    if heartbeat and attempt and heartbeat >= attempt:
        yield (
            Certainty.LIKELY,
            f"heartbeat_timeout ({in_words(heartbeat)}) is not shorter than start_to_close_timeout "
            f"({in_words(attempt)}): no attempt is ever given up for want of beats. Make it a fraction of that.",
        )
    if attempt and whole and attempt > whole:
        yield (
            Certainty.LIKELY,
            f"start_to_close_timeout ({in_words(attempt)}) is longer than schedule_to_close_timeout "
            f"({in_words(whole)}): "
            "the server cuts it to that, and an attempt that hangs is never followed by another.",
        )


def _seconds(started: Started, option: str) -> float | None:
    value = started.values.get(option)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _no_room(project: Project) -> Iterator[AuditFinding]:
    for started in activity_starts(project):
        if (why := _out_of_time(started)) is None:
            continue
        yield project.finding("CP406", started.node, f"{_target(started)}: {why}", certainty=Certainty.LIKELY)


def _out_of_time(started: Started) -> str | None:
    """Return in words why not all attempts fit into the time for all of them; None if they may."""
    whole, attempt, heartbeat = (_seconds(started, one) for one in (_ALL, _ATTEMPT, _HEARTBEAT))
    attempts = most_attempts(started)
    values: dict[str, Any] = dict(started.retry_policy.values) if started.retry_policy else {}
    if not whole or attempts is None or attempts == 1 or not _intervals_known(started):
        return None
    policy = _policy(values, attempts)
    waited = sum(policy.delays(attempts or 2))
    if attempts > 1 and waited >= whole:
        return (
            f"maximum_attempts is {attempts}, but the waits between them add up to {in_words(waited)} and "
            f"schedule_to_close_timeout is {in_words(whole)}: at most {policy.fitting(whole)} are ever made. "
            "Lower the attempts or the intervals, or give it more time."
        )
    first = min(one for one in (attempt, heartbeat, whole) if one)
    if first == attempt and attempt + policy.delay(1) >= whole and attempt <= whole:
        return (
            f"an attempt that hangs, or whose worker dies, is noticed after {in_words(attempt)} "
            f"(start_to_close_timeout), and then nothing is left of schedule_to_close_timeout ({in_words(whole)}) for "
            "the next one: the retry policy comes to nothing. Make start_to_close_timeout shorter, or the other "
            "longer."
        )
    return None


def _intervals_known(started: Started) -> bool:
    policy = started.retry_policy
    names = ("initial_interval", "backoff_coefficient", "maximum_interval")
    return policy is None or all(one in policy.values for one in names if one in policy.arguments)


def _policy(values: dict[str, Any], attempts: int) -> RetryPolicy:
    """Return the retry policy of what is written in the code."""
    return RetryPolicy(
        initial=float(values.get("initial_interval") or RETRY_INITIAL_SECONDS),
        coefficient=float(values.get("backoff_coefficient") or RETRY_COEFFICIENT),
        maximum=float(values.get("maximum_interval") or 0.0),
        attempts=attempts,
    )


RULES = (
    Rule(
        id="CP401",
        name="no-timeout",
        title="An activity is started without any timeout",
        why=(
            "Temporal must know when to give up an attempt whose worker died. Without start_to_close_timeout and "
            "schedule_to_close_timeout the SDK refuses to start the activity, in the middle of the workflow."
        ),
        evidence=(
            'temporalio raises ValueError("Activity must have start_to_close_timeout or schedule_to_close_timeout"). A '
            "ValueError in workflow code fails the workflow task, which is tried again for ever."
        ),
        fix="Pass start_to_close_timeout, a little more than one attempt may take.",
        bad="await workflow.execute_activity(greet, name)",
        right="await workflow.execute_activity(greet, name, start_to_close_timeout=timedelta(seconds=30))",
        certainty=Certainty.CERTAIN,
        judge=_missing,
    ),
    Rule(
        id="CP402",
        name="contradictory-timeouts",
        title="Timeouts of an activity contradict each other",
        why=(
            "A heartbeat timeout that is not shorter than start-to-close never comes into effect; a start-to-close "
            "longer than schedule-to-close leaves no second attempt; a negative one is refused. What is written is "
            "not what happens."
        ),
        evidence=(
            "The server sets start-to-close to the smaller of itself and schedule-to-close, and heartbeat to the "
            "smaller of itself and start-to-close; it answers negative durations with InvalidArgument."
        ),
        fix="heartbeat_timeout < start_to_close_timeout < schedule_to_close_timeout, all above zero.",
        bad="start_to_close_timeout=timedelta(seconds=30), heartbeat_timeout=timedelta(minutes=1)",
        right="start_to_close_timeout=timedelta(minutes=5), heartbeat_timeout=timedelta(seconds=30)",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_contradictions,
    ),
    Rule(
        id="CP406",
        name="no-time-for-retries",
        title="The time for all attempts ends before the attempts do",
        why=(
            "schedule_to_close_timeout bounds all attempts and the waits between them. Where it is over before the "
            "second attempt can begin, a worker that dies takes the activity with it, though a retry policy is there."
        ),
        evidence=(
            "Temporal does not begin an attempt that would start after schedule-to-close (retry state Timeout). "
            "Defaults of the waits: 1 s, twice as long each time, at most 100 times the first. After a SIGKILL the "
            "server waits for the heartbeat timeout, or else for start-to-close."
        ),
        fix="Give schedule_to_close_timeout room for several attempts and their waits, or declare a heartbeat timeout.",
        bad="start_to_close_timeout=timedelta(minutes=2), schedule_to_close_timeout=timedelta(minutes=2)",
        right="start_to_close_timeout=timedelta(minutes=2), schedule_to_close_timeout=timedelta(minutes=10)",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_no_room,
    ),
)
