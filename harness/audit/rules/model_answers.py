"""Answers of a model: its errors taken for words, and its refusals asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, activity_starts, frames_of, most_attempts, reached_in
from harness.audit.analysis.remote_calls import RemoteCall, Towards, remote_call, spoken
from harness.audit.code.astroid_nodes import items
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_CLIENTS = ("openai.", "anthropic.")


def _errors_as_answers(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for block in own_nodes(frame.function, nodes.Try):
                asked = _model_asked(block, frame, project) if any(_told_as_answer(block)) else None
                for gives in _told_as_answer(block) if asked else ():
                    if gives not in reported and asked:
                        reported.add(gives)
                        yield _finding(gives, asked, frame, project)


def _model_asked(block: Any, frame: CallFrame, project: Project) -> RemoteCall | None:
    """Return the call by which a try asks a model, itself or in a function that it calls."""
    inside = {call for part in block.body for call in part.nodes_of_class(nodes.Call)}
    below = [one for one in frames_of(frame.activity, project=project) if _entered_by(one, frame, inside)]
    calls = [*inside, *(call for one in below for call in one.calls())]
    asked = (remote_call(call, project=project) for call in calls)
    return next((one for one in asked if one and one.towards is Towards.MODEL), None)


def _told_as_answer(block: Any) -> Iterator[nodes.Return]:
    """Yield the returns of handlers that give the text of the caught error itself."""
    for caught in block.handlers:
        name = caught.name.name if caught.name is not None else None
        for gives in (one for part in caught.body for one in part.nodes_of_class(nodes.Return)):
            if name and gives.value is not None and _is_text_of(gives.value, name):
                yield gives


def _entered_by(one: CallFrame, frame: CallFrame, inside: set[nodes.Call]) -> bool:
    chain = one.chain
    return frame in chain[:-1] and chain[chain.index(frame) + 1].call in inside


def _is_text_of(value: Any, name: str) -> bool:
    if isinstance(value, nodes.Dict):
        return any(_is_text_of(one, name) for _, one in items(value))
    if isinstance(value, nodes.Call) and value.func.as_string() in ("str", "repr"):
        return any(one.name == name for one in value.nodes_of_class(nodes.Name))
    return isinstance(value, nodes.JoinedStr) and any(one.name == name for one in value.nodes_of_class(nodes.Name))


def _finding(gives: nodes.Return, asked: RemoteCall, frame: CallFrame, project: Project) -> AuditFinding:
    message = (
        f"The activity {frame.activity.name!r} returns the text of an error of {spoken(asked.name)} as its result: "
        "Temporal takes the attempt for a success, does not try again, and the workflow goes on with the "
        "error as its answer. Raise instead: let it through, or an ApplicationError with type and non_retryable."
    )
    certainty = Certainty.LOOK if isinstance(gives.value, nodes.Dict) else Certainty.LIKELY
    return project.finding("CP311", gives, message, certainty=certainty, reached=reached_in(frame, project=project))


def _refusals_retried(project: Project) -> Iterator[AuditFinding]:
    yield from _quota_forgotten(project)
    for started in activity_starts(project):
        activity = started.activity
        if activity is None or not started.options_known or most_attempts(started) in (None, 1):
            continue
        if _names_final_errors(started) or _tells_final_errors(activity, project):
            continue
        asked = _asks_model(activity, project)
        if asked:
            attempts = most_attempts(started)
            often = f"up to {attempts} times" if attempts else "without end"
            message = (
                f"{activity.name!r} asks a model by {spoken(asked.name)}, and no error of it is final: a request that "
                f"it refuses (400, 401, a quota used up) is sent {often}. Name the errors in non_retryable_error_types "
                "(BadRequestError, AuthenticationError …), or raise ApplicationError(non_retryable=True) for them."
            )
            yield project.finding("CP407", started.node, message, certainty=Certainty.LOOK)


def _quota_forgotten(project: Project) -> Iterator[AuditFinding]:
    """Yield starts whose policy names the client's refusals one by one, but the one without a class of its own."""
    for started in activity_starts(project):
        activity, policy = started.activity, started.retry_policy
        if activity is None or policy is None or most_attempts(started) in (None, 1):
            continue
        names = policy.values.get("non_retryable_error_types") or ()
        asked = _asks_model(activity, project)
        if len(set(names) & _REFUSALS) < _MANY or asked is None or not asked.name.startswith("openai."):
            continue
        texts = (
            one for frame in frames_of(activity, project=project) for one in own_nodes(frame.function, nodes.Const)
        )
        if not any(one.value == "insufficient_quota" for one in texts):
            message = (
                f"The retry policy of {activity.name!r} names the refusals of openai but one: a quota that is used up "
                "comes as RateLimitError with code insufficient_quota, and is asked for again like a rate limit. Look "
                "at error.code, and raise ApplicationError(non_retryable=True) for it."
            )
            yield project.finding("CP407", started.node, message, certainty=Certainty.LOOK)


_REFUSALS = {"BadRequestError", "AuthenticationError", "PermissionDeniedError", "NotFoundError"}
_MANY = 3
"""So many of them show that all were meant."""


def _names_final_errors(started: Started) -> bool:
    return started.retry_policy is not None and "non_retryable_error_types" in started.retry_policy.arguments


def _tells_final_errors(activity: Activity, project: Project) -> bool:
    """Tell whether the activity looks at the client's errors, or raises errors of its own that may be final."""
    for frame in frames_of(activity, project=project):
        for call in frame.calls():
            if project.dotted_name(call.func).endswith("ApplicationError"):
                return True
        for caught in own_nodes(frame.function, nodes.ExceptHandler):
            each = caught.type.elts if isinstance(caught.type, nodes.Tuple) else [caught.type]
            if any(one is None or project.dotted_name(one).startswith(_CLIENTS) for one in each):
                return True
            if any(one is not None and one.as_string() in ("Exception", "BaseException") for one in each):
                return True
    return False


def _asks_model(activity: Activity, project: Project) -> RemoteCall | None:
    for frame in frames_of(activity, project=project):
        for call in frame.calls():
            remote = remote_call(call, project=project)
            if remote and remote.towards is Towards.MODEL and remote.name.startswith(_CLIENTS):
                return remote
    return None


RULES = (
    Rule(
        id="CP311",
        name="error-as-answer",
        title="An activity returns a model's error as its answer",
        why=(
            "A result is a success for Temporal: it is recorded for good and never asked for again. An outage of a "
            "second becomes the text of a mail."
        ),
        evidence=(
            "Planted and found by trials: one 500 of the model, caught and returned as text, was mailed. Raised, the "
            "same error costs one more attempt a second later."
        ),
        fix="Let the error through, or raise ApplicationError from it; what Temporal must not retry is non_retryable.",
        bad="except openai.APIError as error:\n    return str(error)",
        right='except openai.BadRequestError as error:\n    raise ApplicationError(str(error), type="Refused", '
        "non_retryable=True) from error",
        certainty=Certainty.LIKELY,
        judge=_errors_as_answers,
    ),
    Rule(
        id="CP407",
        name="refusal-retried",
        title="An error that no retry heals is retried",
        why=(
            "A request that is too long, a key that is wrong, a quota that is used up: the model answers the same "
            "next time. Each attempt costs time, and some cost money; the workflow learns of it only after the last "
            "one."
        ),
        evidence=(
            "openai raises BadRequestError (400), AuthenticationError (401), PermissionDeniedError (403) and "
            "NotFoundError (404) for these, and RateLimitError with code insufficient_quota; Temporal retries every "
            "error that is not named or marked otherwise."
        ),
        fix="Name them in non_retryable_error_types, or raise ApplicationError(non_retryable=True) from them.",
        bad="retry_policy=RetryPolicy(maximum_attempts=5)",
        right='RetryPolicy(maximum_attempts=5, non_retryable_error_types=["BadRequestError", "AuthenticationError"])',
        certainty=Certainty.LOOK,
        severity=Severity.WASTEFUL,
        judge=_refusals_retried,
    ),
)
