"""Histories of activities, each with what the audit must find in it, and with what certainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.records.audit_result import Certainty
from harness.records.evidence import History
from tests.unit.audit.histories.recorded import Writer, application, timeout

CERTAIN, LIKELY, LOOK = Certainty.CERTAIN, Certainty.LIKELY, Certainty.LOOK
BOUNDED: Any = {"retry": {"maximumAttempts": 3}}
REFUSED = application("BadRequestError", "Error code: 400 - {'error': 'no such model'}")

Made = Callable[[], History]
CASES: dict[str, tuple[Made, set[tuple[str, Certainty]]]] = {}


def case(*found: tuple[str, Certainty]) -> Callable[[Made], Made]:
    """Register a history with what must be found in it."""

    def register(made: Made) -> Made:
        CASES[made.__name__] = (made, set(found))
        return made

    return register


def one_activity(*, attempt: int = 1, after: dict[str, Any] | None = None, **options: Any) -> History:
    """Return a history of one activity that completed in the end."""
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled(**options)
    writer.started(scheduled, attempt=attempt, after=after)
    writer.completed(scheduled)
    writer.task()
    writer.close()
    return writer.history


@case()
def nothing_wrong() -> History:
    return one_activity(**BOUNDED)


@case(("CP403", LOOK))
def unlimited_but_never_retried() -> History:
    return one_activity()


@case(("CP403", LIKELY))
def unlimited_and_retried() -> History:
    return one_activity(attempt=4, after=application("ValueError"))


@case(("CP403", CERTAIN))
def unlimited_and_retried_for_long() -> History:
    return one_activity(attempt=17, after=application("ValueError"))


@case(("CP403", LOOK))
def unlimited_and_retried_after_a_crash() -> History:
    return one_activity(attempt=2, after=timeout("START_TO_CLOSE"))


@case()
def bounded_by_time() -> History:
    return one_activity(scheduleToCloseTimeout="600s", attempt=4, after=application("ValueError"))


@case()
def bounded_by_the_workflow() -> History:
    writer = Writer(workflowRunTimeout="60s")
    writer.task()
    writer.scheduled()
    return writer.history


@case(("CP402", LIKELY))
def heartbeat_as_long_as_an_attempt() -> History:
    return one_activity(heartbeatTimeout="10s", **BOUNDED)


@case()
def heartbeat_shorter_than_an_attempt() -> History:
    return one_activity(heartbeatTimeout="5s", **BOUNDED)


@case(("CP701", LOOK))
def death_noticed_at_start_to_close() -> History:
    return one_activity(startToCloseTimeout="300s", attempt=2, after=timeout("START_TO_CLOSE"), **BOUNDED)


@case(("CP701", LIKELY))
def death_noticed_very_late() -> History:
    return one_activity(startToCloseTimeout="3600s", attempt=2, after=timeout("START_TO_CLOSE"), **BOUNDED)


@case()
def death_noticed_soon() -> History:
    return one_activity(startToCloseTimeout="30s", attempt=2, after=timeout("START_TO_CLOSE"), **BOUNDED)


@case()
def death_noticed_by_heartbeat() -> History:
    death = timeout("HEARTBEAT")
    return one_activity(startToCloseTimeout="300s", heartbeatTimeout="5s", attempt=2, after=death, **BOUNDED)


@case(("CP701", LOOK))
def long_attempt_without_heartbeat() -> History:
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled(startToCloseTimeout="300s", **BOUNDED)
    writer.started(scheduled)
    writer.completed(scheduled, at=45)
    return writer.history


@case(("CP406", LIKELY))
def no_time_for_all_attempts() -> History:
    return one_activity(scheduleToCloseTimeout="20s", retry={"maximumAttempts": 10})


@case(("CP406", LIKELY))
def no_second_attempt_happened() -> History:
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled(scheduleToCloseTimeout="10s")
    writer.started(scheduled)
    writer.failed(scheduled, timeout("SCHEDULE_TO_CLOSE"), kind="TIMED_OUT")
    return writer.history


@case()
def time_for_all_attempts() -> History:
    return one_activity(scheduleToCloseTimeout="60s", retry={"maximumAttempts": 3})


@case(("CP407", CERTAIN))
def refusal_retried() -> History:
    return one_activity(attempt=3, after=REFUSED, **BOUNDED)


@case(("CP407", CERTAIN))
def quota_retried() -> History:
    failure = application("RateLimitError", "Error code: 429 - {'code': 'insufficient_quota'}")
    return one_activity(attempt=2, after=failure, **BOUNDED)


@case()
def rate_limit_retried() -> History:
    return one_activity(attempt=2, after=application("RateLimitError", "Error code: 429 - slow down"), **BOUNDED)


@case()
def refusal_not_retried() -> History:
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled(**BOUNDED)
    writer.started(scheduled)
    writer.failed(scheduled, REFUSED)
    return writer.history


@case(("CP404", CERTAIN))
def misspelt_and_retried() -> History:
    policy = {"maximumAttempts": 3, "nonRetryableErrorTypes": ["InvaildInputError"]}
    return one_activity(attempt=3, after=application("InvalidInputError"), retry=policy)


@case(("CP404", CERTAIN))
def dotted_and_retried() -> History:
    policy = {"maximumAttempts": 3, "nonRetryableErrorTypes": ["app.errors.InvalidInput"]}
    return one_activity(attempt=3, after=application("InvalidInput"), retry=policy)


@case()
def another_error_retried() -> History:
    policy = {"maximumAttempts": 3, "nonRetryableErrorTypes": ["Http404Error", "InvalidInputError"]}
    return one_activity(attempt=3, after=application("Http503Error"), retry=policy)


@case(("CP601", LOOK))
def large_argument() -> History:
    return one_activity(size=300 * 1024, **BOUNDED)


@case(("CP601", LIKELY))
def very_large_argument() -> History:
    return one_activity(size=1300 * 1024, **BOUNDED)


@case(("CP601", CERTAIN))
def result_refused_as_too_large() -> History:
    refused = {"message": "Complete result exceeds size limit.", "serverFailureInfo": {"nonRetryable": True}}
    writer = Writer()
    writer.task()
    scheduled = writer.scheduled(**BOUNDED)
    writer.started(scheduled)
    writer.failed(scheduled, refused)
    return writer.history
