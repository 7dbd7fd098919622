"""Answers of a model's server that are read by half: a wait in one form of three, a body that is no JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, activity_starts, frames_of, reached_in
from harness.audit.analysis.remote_calls import Towards, remote_named
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity
from harness.temporal.duration import in_words

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_HEADER = "retry-after"
_PATIENT_S = 3.0
"""A retry policy that waits so long before the second attempt may well know what it does."""

_UNREADABLE = {"ValueError", "json.JSONDecodeError", "JSONDecodeError", "Exception"}


def _waits_wrongly(project: Project) -> Iterator[AuditFinding]:
    reported: set[tuple[str, int, int]] = set()
    for finding in (*_wait_unheard(project), *_wait_half_read(project)):
        where = (finding.place.file, finding.place.line, finding.place.column)
        if where not in reported:
            reported.add(where)
            yield finding


def _wait_half_read(project: Project) -> Iterator[AuditFinding]:
    """Yield where Retry-After is read, if not all its forms are."""
    for activity in project.activities:
        frames = frames_of(activity, project=project)
        reads = [(frame, node) for frame in frames for node in _texts(frame) if node.value.lower() == _HEADER]
        if not reads or not any(_delays(frame, project) for frame in frames):
            continue
        texts = {node.value.lower() for frame in frames for node in _texts(frame)}
        dated = any(_reads_dates(frame, project) for frame in frames)
        missed = [] if dated else ["an HTTP date"]
        missed += [] if f"{_HEADER}-ms" in texts else ["milliseconds in retry-after-ms"]
        if missed:
            frame, node = reads[0]
            message = (
                f"{activity.name!r} reads Retry-After, but not {' and not '.join(missed)}: where the provider says it "
                "that way the next attempt comes too early, is refused again, and may prolong the limit. Read all "
                "three forms: seconds, HTTP date, and retry-after-ms."
            )
            reached = reached_in(frame, project=project)
            yield project.finding("CP314", node, message, certainty=Certainty.LOOK, reached=reached)


def _wait_unheard(project: Project) -> Iterator[AuditFinding]:
    """Yield errors raised for a rate limit that leave the wait to a retry policy which comes back at once."""
    for started in activity_starts(project):
        activity = started.activity
        first = (started.retry_policy.values if started.retry_policy else {}).get("initial_interval", 1.0)
        if activity is None or not isinstance(first, int | float) or first >= _PATIENT_S:
            continue
        frames = frames_of(activity, project=project)
        if any(_HEADER in node.value.lower() for frame in frames for node in _texts(frame)):
            continue
        for frame in frames:
            for raised in _raised_for_limits(frame, project):
                message = (
                    f"{activity.name!r} knows a rate limit when it sees one (429), and leaves the wait to its retry "
                    f"policy, which comes back after {in_words(first)}: what the provider says in Retry-After is read "
                    "by nobody. Pass it as next_retry_delay."
                )
                reached = reached_in(frame, project=project)
                yield project.finding("CP314", raised, message, certainty=Certainty.LOOK, reached=reached)


def _raised_for_limits(frame: CallFrame, project: Project) -> Iterator[nodes.Raise]:
    """Yield what is raised, to be retried after the usual interval, where a client's 429 is caught."""
    for caught in own_nodes(frame.function, nodes.ExceptHandler):
        each = caught.type.elts if isinstance(caught.type, nodes.Tuple) else [caught.type]
        limits = any(project.dotted_name(one).endswith(".RateLimitError") for one in each if one is not None)
        limits = limits or any(one.value == 429 for one in caught.nodes_of_class(nodes.Const))
        for raised in caught.nodes_of_class(nodes.Raise) if limits else ():
            call = raised.exc
            if not isinstance(call, nodes.Call) or not project.dotted_name(call.func).endswith("ApplicationError"):
                continue
            given = {one.arg: one.value for one in call.keywords}
            if "next_retry_delay" not in given and project.value_of(given.get("non_retryable")) is not True:
                yield raised


def _texts(frame: CallFrame) -> Iterator[nodes.Const]:
    yield from (one for one in own_nodes(frame.function, nodes.Const) if isinstance(one.value, str))


def _delays(frame: CallFrame, project: Project) -> bool:
    return any(one.arg == "next_retry_delay" for call in frame.calls() for one in call.keywords)


def _reads_dates(frame: CallFrame, project: Project) -> bool:
    names = (project.dotted_name(call.func) for call in frame.calls())
    return any(name.startswith(("email.utils.parsedate", "dateutil.", "datetime.datetime.strptime")) for name in names)


def _unreadable_accepted(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for block in own_nodes(frame.function, nodes.Try):
                parsed = _parsed(block, project)
                for gives in _given_instead(block, parsed):
                    if gives not in reported:
                        reported.add(gives)
                        yield _accepted(gives, frame, project)


def _parsed(block: Any, project: Project) -> set[str]:
    """Return the names of model answers that the block parses: `answer.parse()`, `json.loads(answer.text)`."""
    names: set[str] = set()
    for call in (one for part in block.body for one in part.nodes_of_class(nodes.Call)):
        parses = isinstance(call.func, nodes.Attribute) and call.func.attrname in ("parse", "json", "loads")
        for name in call.nodes_of_class(nodes.Name) if parses else ():
            answer = project.dotted_name(name)
            remote = remote_named(answer.removesuffix("()")) if answer.endswith("()") else None
            if remote and remote.towards is Towards.MODEL:
                names.add(name.name)
    return names


def _given_instead(block: Any, parsed: set[str]) -> Iterator[nodes.Return]:
    """Yield the returns of handlers that give, of an answer that could not be parsed, what it is as it is."""
    for caught in block.handlers if parsed else ():
        each = caught.type.elts if isinstance(caught.type, nodes.Tuple) else [caught.type]
        if not any(one is None or one.as_string() in _UNREADABLE for one in each):
            continue
        for gives in (one for part in caught.body for one in part.nodes_of_class(nodes.Return)):
            if gives.value is not None and parsed & {one.name for one in gives.value.nodes_of_class(nodes.Name)}:
                yield gives


def _accepted(gives: nodes.Return, frame: CallFrame, project: Project) -> AuditFinding:
    message = (
        f"The activity {frame.activity.name!r} returns an answer of the model that could not be read as if it were "
        "whole: one that was cut off on the way becomes the result for good, and nobody asks again. Let the error "
        "through: the next attempt asks once more."
    )
    return project.finding(
        "CP313", gives, message, certainty=Certainty.LIKELY, reached=reached_in(frame, project=project)
    )


RULES = (
    Rule(
        id="CP313",
        name="unreadable-answer-accepted",
        title="An answer that cannot be read is returned as it is",
        why=(
            "A connection that breaks in the middle leaves half an answer. Returned as text it is a success for "
            "Temporal: it goes into the history, and half a page is published."
        ),
        evidence=(
            "The openai client raises json.JSONDecodeError, a ValueError, for truncated and for empty JSON. Raised by "
            "the activity it costs one more attempt."
        ),
        fix="Let the error through, or raise an ApplicationError from it that is retryable.",
        bad="try:\n    return answer.parse().output_text\nexcept ValueError:\n    return answer.text",
        right="return answer.parse().output_text",
        certainty=Certainty.LIKELY,
        judge=_unreadable_accepted,
    ),
    Rule(
        id="CP314",
        name="retry-after-half-read",
        title="Retry-After is not read, or in some of its forms only",
        why=(
            "A provider tells by Retry-After when it will answer again. Passed over, the next attempt comes too early "
            "and is refused; all attempts may be used up before the time has come."
        ),
        evidence=(
            "RFC 9110 section 10.2.3: Retry-After is a number of seconds or an HTTP date. OpenAI and Azure send "
            "milliseconds in retry-after-ms besides. next_retry_delay is not limited by the maximum interval."
        ),
        fix="Read retry-after-ms, then seconds, then a date (email.utils.parsedate_to_datetime), and set a bound.",
        bad='delay = timedelta(seconds=int(headers["retry-after"])) if headers["retry-after"].isdigit() else None',
        right='delay = retry_after(headers, now=datetime.now(UTC))  # "retry-after-ms", seconds, parsedate_to_datetime',
        certainty=Certainty.LOOK,
        severity=Severity.WASTEFUL,
        judge=_waits_wrongly,
    ),
)
