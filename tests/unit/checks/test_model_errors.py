from __future__ import annotations

from email.utils import formatdate

import pytest

from harness.records.evidence import Evidence
from harness.records.verdict import Severity

from .build import POLICY, Story, judged, nothing, only_finding, passes

AFTER = "retry-after-honoured"
ONCE = "terminal-error-tried-once"


def undisturbed() -> Evidence:
    story = Story()
    book = story.activity("book")
    return story.model({"ask": "x"}, task=book).complete(book).close().evidence()


def limited(
    waits: float, fault: str = "model-429-seconds", *, more_strikes: int = 0, lag: float = 0.0, **headers: str
) -> Evidence:
    story = Story()
    book = story.activity("book")
    since = story.error(book, fault, **headers).fail(book, "RateLimited").now
    story.wait(waits)
    if lag:
        story.act("lag", since=since, rig=lag)
    for _ in range(more_strikes):
        story.strike()
    book = story.again(book)
    return story.model({"ask": "x"}, task=book).complete(book).close().evidence()


def test_comes_back_too_early() -> None:
    finding = only_finding(AFTER, limited(1.2, retry_after="3"), undisturbed())
    assert finding.message == (
        "book 1: asked the model again 1.23 s after it had said retry-after: 3, expected at least 3.00 s"
    )
    assert len(finding.evidence) == 3
    only_finding(AFTER, limited(1.2, "model-429-milliseconds", retry_after_ms="2500"), undisturbed())


def test_comes_back_when_asked() -> None:
    passes(AFTER, limited(3, retry_after="3"), undisturbed())
    passes(AFTER, limited(2.4, "model-429-milliseconds", retry_after_ms="2500"), undisturbed())
    passes(AFTER, limited(31, retry_after="3600"), undisturbed())


@pytest.mark.parametrize(("waits", "kept"), [(1.0, False), (3.3, True)])
def test_date_has_whole_seconds(waits: float, kept: bool) -> None:
    date = formatdate(Story().now + 4, usegmt=True)
    evidence = limited(waits, "model-429-date", retry_after=date)
    if kept:
        passes(AFTER, evidence, undisturbed())
    else:
        only_finding(AFTER, evidence, undisturbed())


def test_comes_back_much_too_late() -> None:
    finding = only_finding(AFTER, limited(100, retry_after="3"), undisturbed())
    assert "expected within 73.0 s" in finding.message
    passes(AFTER, limited(100, more_strikes=1, retry_after="3"), undisturbed())
    late = [judged(AFTER, limited(100, lag=lag, retry_after="3"), undisturbed()) for lag in (40.0, 2.0)]
    assert [(each.excused, len(each.findings)) for each in late] == [(True, 0), (False, 1)]


def test_nobody_asked_to_wait() -> None:
    words = "no answer that asked to wait was followed by another call"
    assert nothing(AFTER, limited(1, "model-429"), undisturbed()) == words
    assert nothing(AFTER, limited(1, retry_after="nan"), undisturbed()) == words
    assert nothing(AFTER, limited(1, retry_after="soon"), undisturbed()) == words
    assert nothing(AFTER, undisturbed()) == words


def test_skipped_time_cannot_be_measured() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-429-seconds", retry_after="3").fail(book)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book).close()
    assert nothing(AFTER, story.evidence(skips_time=True), undisturbed()) == "time is skipped"


def refused(fault: str = "model-400", *, final: bool = True) -> Evidence:
    story = Story()
    book = story.activity("book")
    story.error(book, fault).fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=final)
    return story.fail_workflow("TripFailed", "Refused").evidence()


def test_refused_once_and_final() -> None:
    passes(ONCE, refused(), undisturbed())
    passes(ONCE, refused("model-429-quota"), undisturbed())


def test_failure_that_its_policy_names_is_final() -> None:
    story = Story()
    book = story.activity("book", retryPolicy={"maximumAttempts": 3, "nonRetryableErrorTypes": ["Refused"]})
    story.error(book, "model-400").fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE")
    passes(ONCE, story.fail_workflow("Refused").evidence(), undisturbed())


def test_failure_that_is_not_marked_as_final() -> None:
    finding = only_finding(ONCE, refused(final=False), undisturbed())
    assert "the attempt failed with Refused, which is not marked as final" in finding.message


@pytest.mark.parametrize("fault", ["model-400", "model-429-quota"])
def test_refused_and_tried_again(fault: str) -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, fault).fail(book).wait(1)
    book = story.again(book)
    story.error(book, fault, struck=False).fail_for_good(book, state="MAXIMUM_ATTEMPTS_REACHED")
    finding = only_finding(ONCE, story.fail_workflow("ValueError").evidence(), undisturbed())
    assert finding.message.endswith("and was asked the same again")
    assert finding.how_bad is Severity.WASTEFUL


def test_refused_for_good_and_asked_without_end() -> None:
    story = Story()
    book = story.activity("book", retryPolicy={**POLICY, "maximumAttempts": 0})
    story.error(book, "model-400").fail(book).wait(1)
    story.error(story.again(book), "model-400", struck=False)
    assert only_finding(ONCE, story.evidence("deadline"), undisturbed()).how_bad is Severity.BROKEN


def test_other_words_in_the_next_attempt() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-400", ask="first try").fail(book).wait(1)
    book = story.again(book)
    story.error(book, "model-400", struck=False, ask="second try").fail(book)
    finding = only_finding(ONCE, story.fail_workflow("ValueError").evidence(), undisturbed())
    assert finding.message == "book 1: the model had said 400 invalid_request_error, and there was another attempt"


def test_client_asks_again_in_the_same_attempt() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-429-quota").error(book, "model-429-quota", struck=False)
    story.fail_for_good(book, state="NON_RETRYABLE_FAILURE", non_retryable=True)
    only_finding(ONCE, story.fail_workflow("ValueError").evidence(), undisturbed())


def test_workflow_schedules_the_same_anew() -> None:
    story = Story()
    for _ in range(2):
        book = story.activity("book")
        story.error(book, "model-400", struck=story.executions["book"] == 1)
        story.fail_for_good(book, state="NON_RETRYABLE_FAILURE", non_retryable=True)
    finding = only_finding(ONCE, story.fail_workflow("ValueError").evidence(), undisturbed())
    assert finding.message.endswith("and was asked the same by another activity")


def test_another_model_may_be_asked_instead() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-400").model({"ask": "x", "model": "other"}, task=book).complete(book)
    passes(ONCE, story.close().evidence(), undisturbed())


def test_workflow_does_not_say_that_it_is_final() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-400").fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True)
    finding = only_finding(ONCE, story.fail_workflow("Sorry").evidence(), undisturbed())
    assert "nothing in the workflow's failure says that it is final" in finding.message


def test_rate_limit_is_not_final() -> None:
    assert nothing(ONCE, limited(1), undisturbed()) == "the model refused no call for good"


def test_a_refusal_whose_report_was_lost_with_its_worker_is_rightly_asked_again() -> None:
    def asked_again(*, lost: bool) -> Evidence:
        story = Story()
        book = story.activity("book")
        story.error(book, "model-400")
        if lost:
            story.strike("before/RespondActivityTaskFailed")
        else:
            story.fail(book, "Refused", non_retryable=True)
        book = story.again(book)
        story.error(book, "model-400", struck=False)
        story.fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True)
        return story.fail_workflow("TripFailed", "Refused").evidence()

    passes(ONCE, asked_again(lost=True), undisturbed())
    only_finding(ONCE, asked_again(lost=False), undisturbed())


def test_who_was_to_wait_and_was_killed_need_not_have_told_the_next_attempt() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-429-seconds", retry_after="30").strike("before/RespondActivityTaskFailed")
    book = story.again(book)
    lost = story.model({"ask": "x"}, task=book).complete(book).close().evidence()
    assert nothing(AFTER, lost, undisturbed()) == "no answer that asked to wait was followed by another call"
