from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks.retries import _misspelt
from harness.records.evidence import Evidence, Sample
from harness.records.message_facts import ActivityFailed, ReportedFailure

from .build import POLICY, Story, nothing, only_finding, passes

EMPTY = Story().close().evidence()


def attempts(count: int, *, policy: dict[str, Any] | None = None, kind: str = "ValueError", **more: Any) -> Evidence:
    story = Story()
    book = story.activity("book", retryPolicy=POLICY if policy is None else policy)
    for number in range(1, count):
        story.fail(book, kind, **more).wait(2 ** (number - 1))
        book = story.again(book)
    return story.complete(book).close().evidence()


def test_more_attempts_than_the_cap() -> None:
    finding = only_finding("retry-cap", attempts(6))
    assert finding.message == "book was attempted 6 times, expected at most 5"
    assert len(finding.evidence) == 6
    passes("retry-cap", attempts(5))


def test_cap_passed_in_samples_or_history_alone() -> None:
    story = Story()
    activity_id = story.schedule("book")
    story.samples.append(
        Sample(at=1, workflow_id="agent", run_id="run-1", pending=({"activityId": activity_id, "attempt": 6},))
    )
    only_finding("retry-cap", story.evidence("deadline"))
    story = Story()
    story.schedule("book")
    story.event("ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=6)
    only_finding("retry-cap", story.close().evidence())


def test_no_cap() -> None:
    assert nothing("retry-cap", attempts(3, policy={})) == "no activity declares maximum attempts"


def spaced(*waits: float, **failure: Any) -> Evidence:
    story = Story()
    book = story.activity("book")
    for wait in waits:
        story.fail(book, **failure).wait(wait)
        book = story.again(book)
    return story.complete(book).close().evidence()


def test_retry_comes_too_soon() -> None:
    finding = only_finding("retry-spacing", spaced(1.0, 1.0))
    assert "attempt 3 came 1.0" in finding.message
    assert finding.message.endswith("expected 2 s")
    passes("retry-spacing", spaced(1.0, 2.0, 4.0))
    passes("retry-spacing", spaced(2.5))


def test_next_retry_delay_overrides_the_interval() -> None:
    only_finding("retry-spacing", spaced(1.0, next_retry_delay=5.0))
    passes("retry-spacing", spaced(0.3, next_retry_delay=0.25))


def test_spacing_with_nothing_to_look_at() -> None:
    assert nothing("retry-spacing", EMPTY) == "no activity was retried"
    story = Story()
    book = story.activity("book")
    story.act("accelerate", what="activity", activity_id=book.activity_id).again(book)
    assert nothing("retry-spacing", story.close().evidence())


def test_unlimited_retries() -> None:
    finding = only_finding("retry-bounded", attempts(1, policy={"initialInterval": "1s"}))
    assert finding.message.startswith("book is retried for ever")
    story = Story()
    for _ in range(3):
        story.complete(story.activity("book", retryPolicy={}, scheduleToCloseTimeout="0s"))
    only_finding("retry-bounded", story.close().evidence())


def test_retries_are_not_bounded_by_the_ten_years_of_the_test_server() -> None:
    story = Story()
    story.events[0]["workflowExecutionStartedEventAttributes"] |= {
        f"workflow{each}Timeout": "315360000s" for each in ("Execution", "Run")
    }
    story.complete(story.activity("book", retryPolicy={}, scheduleToCloseTimeout="315360000s"))
    only_finding("retry-bounded", story.close().evidence())


def test_bounded_retries() -> None:
    passes("retry-bounded", attempts(1))
    story = Story()
    story.complete(story.activity("book", retryPolicy={}, scheduleToCloseTimeout="600s"))
    passes("retry-bounded", story.close().evidence())
    story = Story()
    story.events[0]["workflowExecutionStartedEventAttributes"]["workflowRunTimeout"] = "60s"
    story.complete(story.activity("book", retryPolicy={}))
    passes("retry-bounded", story.close().evidence())
    assert nothing("retry-bounded", EMPTY) == "no activity was scheduled"


def test_misspelt_name() -> None:
    policy = {**POLICY, "nonRetryableErrorTypes": ["RateLimitExceded"]}
    finding = only_finding("retry-names-exist", attempts(2, policy=policy, kind="RateLimitExceeded"))
    assert finding.message == "book does not retry 'RateLimitExceded'; what it fails with is called 'RateLimitExceeded'"


def test_other_names_are_no_finding() -> None:
    policy = {**POLICY, "nonRetryableErrorTypes": ["RateLimitExceeded", "InvalidInputError"]}
    passes("retry-names-exist", attempts(2, policy=policy, kind="RateLimitExceeded"))
    passes("retry-names-exist", attempts(2, policy=policy, kind="InvalidOutputError"))
    assert nothing("retry-names-exist", attempts(1, policy=policy)) == "no such activity failed"
    assert nothing("retry-names-exist", attempts(2))


@pytest.mark.parametrize(
    ("listed", "observed", "misspelt"),
    [
        ("openai.RateLimitError", "RateLimitError", True),
        ("rate_limit_error", "RateLimitError", True),
        ("InvalidInputError", "InvaildInputError", True),
        ("InvalidInput", "InvalidInputError", True),
        ("Http400Error", "Http404Error", False),
        ("KeyError", "OSError", False),
        ("InvalidInputError", "InvalidOutputError", False),
    ],
)
def test_what_counts_as_misspelt(listed: str, observed: str, misspelt: bool) -> None:
    assert _misspelt(listed, observed) is misspelt


def test_non_retryable_failure_is_retried() -> None:
    finding = only_finding("non-retryable-means-one-attempt", attempts(2, non_retryable=True))
    assert finding.message == "book 1 failed with ValueError, which is not to be retried, and was retried"
    policy = {**POLICY, "nonRetryableErrorTypes": ["ValueError"]}
    only_finding("non-retryable-means-one-attempt", attempts(2, policy=policy))


def test_non_retryable_failure_is_not_retried() -> None:
    story = Story()
    book = story.activity("book")
    story.fail(book, non_retryable=True)
    passes("non-retryable-means-one-attempt", story.close("FAILED").evidence())
    assert nothing("non-retryable-means-one-attempt", attempts(2)) == "no failure ruled retries out"


def ended(state: str, *, attempt: int, **info: Any) -> Evidence:
    story = Story()
    book = story.activity("book")
    book.attempt = attempt
    failure = {"applicationFailureInfo": {"type": "ValueError", **info}}
    story.ends(book, "FAILED", failure=failure, retryState=f"RETRY_STATE_{state}")
    return story.close("FAILED").evidence()


def test_retry_state() -> None:
    name = "retry-state-right"
    passes(name, ended("MAXIMUM_ATTEMPTS_REACHED", attempt=5))
    passes(name, ended("NON_RETRYABLE_FAILURE", attempt=1, nonRetryable=True))
    passes(name, ended("TIMEOUT", attempt=2))
    wrong = only_finding(name, ended("MAXIMUM_ATTEMPTS_REACHED", attempt=2)).message
    assert wrong.startswith("book ended with retry state MAXIMUM_ATTEMPTS_REACHED, expected TIMEOUT")
    only_finding(name, ended("IN_PROGRESS", attempt=5))
    only_finding(name, ended("MAXIMUM_ATTEMPTS_REACHED", attempt=5, nonRetryable=True))
    assert nothing(name, EMPTY) == "no activity failed for good"


def retried(*waits: float, delay: float | None = None, skipped: bool = False, **policy: Any) -> Evidence:
    """Return a trial in which attempts fail and the next ones come after these waits."""
    story = Story()
    book = story.activity("book", retryPolicy={**POLICY, **policy})
    for wait in waits:
        story.fail(book, next_retry_delay=delay).wait(wait)
        book = story.again(book)
    return story.complete(book).close().evidence(skips_time=skipped)


def test_spacing_follows_every_part_of_the_policy() -> None:
    policy = {"initialInterval": "2s", "backoffCoefficient": 3.0, "maximumInterval": "10s"}
    passes("retry-spacing", retried(2, 6, 10, 10, **policy))
    assert "expected 6 s" in only_finding("retry-spacing", retried(2, 3, **policy)).message
    assert "expected 10 s" in only_finding("retry-spacing", retried(2, 6, 8, **policy)).message
    passes("retry-spacing", retried(30, delay=30.0, **policy))
    assert "expected 30 s" in only_finding("retry-spacing", retried(10, delay=30.0, **policy)).message


def test_spacing_counts_from_the_answer_that_the_server_took() -> None:
    story = Story()
    book = story.activity("book", retryPolicy={**POLICY, "initialInterval": "5s"})
    failed = ActivityFailed(failure=ReportedFailure(message="no", type="ValueError"))
    story.message("wire", "RespondActivityTaskFailed", task=book, asked=failed, executed=False)
    story.drop(status="UNAVAILABLE").strike(fault="unavailable-once").wait(4).fail(book).wait(2)
    only_finding("retry-spacing", story.complete(story.again(book)).close().evidence())


def test_spacing_where_time_is_skipped_is_that_of_the_events() -> None:
    passes("retry-spacing", retried(1, 2, skipped=True))
    finding = only_finding("retry-spacing", retried(1, 0.1, skipped=True))
    assert "expected 3 s of waiting between the attempts" in finding.message


def test_a_retry_while_time_is_let_pass_says_nothing_of_the_spacing() -> None:
    story = Story()
    book = story.activity("book", retryPolicy={**POLICY, "initialInterval": "7200s", "maximumInterval": "7200s"})
    story.fail(book).wait(60).act("pass", workflow_id="agent", seconds=60, passed=60)
    evidence = story.complete(story.again(book)).close().evidence(skips_time=True)
    passes("retry-spacing", evidence)
    only_finding(
        "retry-spacing", replace(evidence, tape=tuple(each for each in evidence.tape if each.operation != "pass"))
    )


def test_fault_does_not_raise_the_cap() -> None:
    story = Story()
    book = story.activity("book", retryPolicy={**POLICY, "maximumAttempts": 2})
    for _ in range(2):
        story.error(book, "model-outage").fail(book).wait(2)
        book = story.again(book)
    assert "book was attempted 3 times" in only_finding("retry-cap", story.evidence()).message
