"""Retries as recorded: without end, without time, of what no retry heals, by names that match nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.audit.histories.recorded_run import Execution, RecordedRun
from harness.audit.histories.sighting import Sighting
from harness.records.audit_result import Certainty
from harness.temporal.duration import in_words
from harness.temporal.failure import causes, failure_type

MANY_ATTEMPTS = 10
"""By Temporal's defaults ten attempts take over five minutes: an error that lasts so long, no retry heals."""

_REFUSALS = {
    "AuthenticationError",
    "BadRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "UnprocessableEntityError",
}
"""Errors of the clients of openai and anthropic for requests that are refused whenever they come."""

_REFUSED = re.compile(
    r"\b(insufficient_quota|invalid_api_key|invalid_request_error|context_length_exceeded|model_not_found)\b"
    r"|Error code: (400|401|403|404|422)\b"
)


def unlimited(run: RecordedRun) -> Iterator[Sighting]:
    """Yield activities whose retries nothing bounds."""
    if run.bounded:
        return
    for each in run.executions:
        if each.options.retry.attempts or each.options.schedule_to_close:
            continue
        error = "" if each.timed_out else failure_type(each.failure)
        tried = each.attempts if each.attempts > 1 else 0
        certainty = Certainty.LOOK
        if error and tried:
            certainty = Certainty.CERTAIN if tried >= MANY_ATTEMPTS else Certainty.LIKELY
        seen = f"; it took {tried} attempts here{f', the last error was {error}' if error else ''}" if tried else ""
        yield Sighting(
            rule="CP403",
            certainty=certainty,
            subject=each.activity,
            message=f"{each.activity!r} is retried without end: neither maximum_attempts nor schedule_to_close_timeout "
            f"is declared{seen}. An error that no retry heals keeps the workflow open for ever.",
            fix="Pass schedule_to_close_timeout, or maximum_attempts.",
            event=each.event,
            weight=tried,
        )


def out_of_time(run: RecordedRun) -> Iterator[Sighting]:
    """Yield activities whose attempts do not fit into schedule-to-close."""
    for each in run.executions:
        options, attempts, limit = each.options, each.options.retry.attempts, each.options.schedule_to_close
        if not limit or attempts == 1:
            continue
        seen = each.end == "ACTIVITY_TASK_TIMED_OUT"
        why = ""
        if attempts and (fitting := options.retry.fitting(limit)) < attempts:
            why = (
                f"maximum_attempts is {attempts}, but by their waits alone at most {fitting} begin within "
                f"schedule_to_close_timeout ({in_words(limit)})"
            )
        elif options.start_to_close >= limit and not 0 < options.heartbeat < options.start_to_close:
            why = (
                f"an attempt that hangs, or whose worker dies, is noticed when schedule_to_close_timeout "
                f"({in_words(limit)}) is over, so that no other follows it"
            )
        if why:
            yield Sighting(
                rule="CP406",
                certainty=Certainty.LIKELY if seen or attempts else Certainty.LOOK,
                subject=each.activity,
                message=f"{each.activity!r}: {why}{'; that happened here' if seen else ''}.",
                fix="Make start_to_close_timeout and the waits shorter, or schedule_to_close_timeout longer.",
                event=each.event,
                weight=seen,
            )


def refusals_retried(run: RecordedRun) -> Iterator[Sighting]:
    """Yield activities that were tried again after an error that no retry heals."""
    for each in run.executions:
        if each.attempts < 2:
            continue
        for failure in causes(each.failure):
            error, message = failure_type(failure), str(failure.get("message", ""))
            known = _REFUSED.search(message)
            if not known and error not in _REFUSALS:
                continue
            yield Sighting(
                rule="CP407",
                certainty=Certainty.CERTAIN if known else Certainty.LIKELY,
                subject=each.activity,
                message=f"{each.activity!r} was tried {each.attempts} times though it was refused for good: "
                f"{error or 'an error'}{f' ({known[0]})' if known else ''}. Each attempt costs time, and some money.",
                fix="Name it in non_retryable_error_types, or raise ApplicationError(non_retryable=True) instead.",
                event=each.event,
                weight=each.attempts,
            )
            break


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A type of failure that attempts of an activity ended with; ``listed`` is a name that is not to be retried.

    Attributes:
        activity: Activity type.
        name: The failure's type, or the listed name.
        event: Id of the event of the activity.
        listed: Whether it is one that the retry policy lists.
        retried: Whether another attempt followed it.
    """

    activity: str
    name: str
    event: int
    listed: bool = False
    retried: bool = False


def names_in(run: RecordedRun) -> Iterator[Failed]:
    """Yield each listed name and each failure type of a run once."""
    yielded: set[tuple[str, str, bool, bool]] = set()
    for each in run.executions:
        for failed in (*_listed(each), *_failed(each)):
            key = (failed.activity, failed.name, failed.listed, failed.retried)
            if key not in yielded:
                yielded.add(key)
                yield failed


def unmatched(listed: Failed, failed: Iterable[Failed]) -> Sighting | None:
    """Return what is wrong with a listed name, given all failures of its activity; None if nothing is known to be."""
    others = [each for each in failed if each.activity == listed.activity and not each.listed]
    if any(each.name == listed.name for each in others):
        return None
    near = [each for each in others if _similar(listed.name, each.name)]
    if not near:
        return None
    meant = max(near, key=lambda each: (each.retried, _plain(each.name) == _plain(listed.name)))
    dotted = listed.name.rpartition(".")[2] == meant.name
    why = "Temporal compares the bare name of the class" if dotted else "Temporal compares letter by letter"
    return Sighting(
        rule="CP404",
        certainty=Certainty.CERTAIN if meant.retried else Certainty.LIKELY,
        subject=listed.activity,
        aspect=listed.name,
        message=f"{listed.activity!r} is not to be retried after {listed.name!r}, but what it fails with is called "
        f"{meant.name!r}{', and was retried' if meant.retried else ''}: {why}.",
        fix=f"Write {meant.name!r}.",
        event=listed.event,
    )


def _listed(each: Execution) -> Iterator[Failed]:
    for name in each.options.retry.non_retryable:
        yield Failed(activity=each.activity, name=name, event=each.event, listed=True)


def _failed(each: Execution) -> Iterator[Failed]:
    if name := failure_type(each.failure):
        yield Failed(activity=each.activity, name=name, event=each.event, retried=each.attempts > 1)


def _similar(listed: str, failed: str) -> bool:
    """Tell whether a name seems to mean another: other case, a module before it, a slip. Digits must be the same."""
    one, other = _plain(listed), _plain(failed)
    if one == other:
        return True
    if re.findall(r"\d", one) != re.findall(r"\d", other) or min(len(one), len(other)) < 8:
        return False
    return difflib.SequenceMatcher(None, one, other).ratio() >= 0.88


def _plain(name: str) -> str:
    last = name.rsplit(".", 1)[-1].lower().replace("_", "").replace("-", "")
    return re.sub(r"(error|exception)$", "", last)
