"""Retry policies: without an end, refused by the SDK, or silent on errors that no retry heals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, frames_of, most_attempts, retry_policies
from harness.audit.analysis.remote_calls import Towards, remote_call, spoken
from harness.audit.code.project_records import Activity, Started, WrittenRetryPolicy
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_BOUND = "schedule_to_close_timeout"


def _unlimited(project: Project) -> Iterator[AuditFinding]:
    """Yield starts of activities that ask something of the world outside, and are repeated without end.

    For one that asks nothing Temporal's default is right: what fails there is a bug, and a new version heals it.
    """
    for started in activity_starts(project):
        if not started.options_known or most_attempts(started) != 0 or _bounded(started):
            continue
        asked = _asks(started.activity, project)
        if not asked and not _said_so(started):
            continue
        message = (
            f"{_target(started)} is retried without end: {_why_unlimited(started)}, and there is no {_BOUND}. "
            f"{_consequence(asked)} Pass {_BOUND}, or maximum_attempts.{_unused_policy(started, project)}"
        )
        yield project.finding("CP403", started.node, message, certainty=Certainty.LOOK)


def _bounded(started: Started) -> bool:
    given = started.options.get(_BOUND)
    if given is None:
        return False
    none = isinstance(given, nodes.Const) and given.value is None
    return not none and started.values.get(_BOUND) != 0


def _target(started: Started) -> str:
    name = started.activity.name if started.activity else started.target
    return repr(name) if name else "An activity"


def _asks(activity: Activity | None, project: Project) -> str:
    """Return what the activity asks of the world outside; empty if nothing is known."""
    for frame in frames_of(activity, project=project) if activity else ():
        for call in frame.calls():
            remote = remote_call(call, project=project)
            if remote and remote.towards in (Towards.MODEL, Towards.HTTP, Towards.MAIL):
                return spoken(remote.name)
    return ""


def _why_unlimited(started: Started) -> str:
    if started.retry_policy is None:
        return "without retry_policy Temporal's default applies, which has no maximum"
    if "maximum_attempts" in started.retry_policy.arguments:
        return "maximum_attempts=0 means no maximum"
    return "its retry policy has no maximum_attempts"


def _consequence(asked: str) -> str:
    if asked:
        return f"A request by {asked} that is refused for good is sent again for ever, and the workflow never ends."
    return "An error that no retry heals keeps the workflow open for ever."


def _said_so(started: Started) -> bool:
    """Tell whether maximum_attempts=0 is written out."""
    return started.retry_policy is not None and "maximum_attempts" in started.retry_policy.arguments


def _unused_policy(started: Started, project: Project) -> str:
    """Return a word on a retry policy that the module defines and nobody passes."""
    if started.retry_policy is not None:
        return ""
    used = {one.retry_policy.node for one in activity_starts(project) if one.retry_policy}
    for name, origins in started.module.tree.locals.items():
        for origin in origins:
            value = getattr(origin.parent, "value", None)
            policy = project.retry_policy_of(value) if isinstance(value, nodes.Call) else None
            if policy is not None and policy.node not in used:
                return f" {name} in line {policy.node.lineno} is passed to nobody: retry_policy={name}."
    return ""


def _refused(project: Project) -> Iterator[AuditFinding]:
    for policy in retry_policies(project):
        if why := _refusal(policy):
            message = (
                f"This retry policy is refused by the SDK when it is used: {why}. The ValueError fails the workflow "
                "task again and again; the workflow hangs."
            )
            yield project.finding("CP405", policy.node, message, certainty=Certainty.CERTAIN)


def _refusal(policy: WrittenRetryPolicy) -> str:
    """Return why the SDK refuses the policy; empty if it does not, or that cannot be told."""
    values: dict[str, Any] = {name: value for name, value in policy.values.items() if isinstance(value, int | float)}
    attempts, growth = values.get("maximum_attempts"), values.get("backoff_coefficient")
    initial = values.get("initial_interval", None if "initial_interval" in policy.arguments else 1.0)
    longest = values.get("maximum_interval")
    if attempts == 1:
        return ""
    if initial is not None and initial < 0:
        return "initial_interval is negative"
    if growth is not None and growth < 1:
        return f"backoff_coefficient is {growth:g}, and must not be less than 1"
    if longest is not None and longest < 0:
        return "maximum_interval is negative"
    if longest and initial is not None and longest < initial:
        return f"maximum_interval ({in_words(longest)}) is less than initial_interval ({in_words(initial)})"
    if attempts is not None and attempts < 0:
        return "maximum_attempts is negative"
    return ""


RULES = (
    Rule(
        id="CP403",
        name="retries-without-end",
        title="Nothing bounds the retries of an activity",
        why=(
            "An error that no retry heals (a refused request, a missing key, a bug) is repeated until somebody looks. "
            "The workflow neither fails nor ends, its caller waits, and every attempt may cost money."
        ),
        evidence=(
            "Temporal's defaults: first retry after 1 s, twice as long each time, at most 100 s apart, unlimited "
            "attempts. A model that answers 400 was asked again every 100 s for as long as the workflow was open."
        ),
        fix=(
            "Pass schedule_to_close_timeout (how long may it take in all?) or maximum_attempts, and name the errors "
            "that must not be retried."
        ),
        bad="await workflow.execute_activity(ask, question, start_to_close_timeout=timedelta(minutes=1))",
        right=(
            "await workflow.execute_activity(\n    ask, question, start_to_close_timeout=timedelta(minutes=1),\n"
            "    retry_policy=RetryPolicy(maximum_attempts=5),\n)"
        ),
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,  # it is declared, and has not broken anything yet
        judge=_unlimited,
    ),
    Rule(
        id="CP405",
        name="contradictory-retry-policy",
        title="A retry policy contradicts itself and is refused",
        why="The SDK checks a retry policy when the activity is started, which is in the middle of the workflow.",
        evidence=(
            "temporalio.common.RetryPolicy raises ValueError for a negative interval or number of attempts, for a "
            "coefficient below 1, and for a maximum interval below the initial one, unless maximum_attempts is 1."
        ),
        fix="backoff_coefficient >= 1, maximum_interval >= initial_interval, maximum_attempts >= 0.",
        bad="RetryPolicy(initial_interval=timedelta(minutes=1), maximum_interval=timedelta(seconds=30))",
        right="RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))",
        certainty=Certainty.CERTAIN,
        judge=_refused,
    ),
)
