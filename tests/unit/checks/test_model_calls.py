from __future__ import annotations

import pytest

from harness.checks.model_calls import Bill, Tokens, bill
from harness.records.evidence import Evidence

from .build import Story, killed, nothing, only_finding, passes

ONE = "one-model-request-per-attempt"
AGAIN = "model-call-not-repeated"


def asks(*bodies: str, status: str = "200", retries: int = 0) -> Evidence:
    story = Story()
    book = story.activity("book")
    for body in bodies:
        story.model({"ask": body}, task=book, status=status, retries=retries)
    return story.complete(book).close().evidence()


def test_client_says_that_it_retries() -> None:
    finding = only_finding(ONE, asks("x", retries=1))
    assert "book 1, attempt 1: the model client retried inside the attempt" in finding.message


def test_same_request_again_after_an_error() -> None:
    finding = only_finding(ONE, asks("x", "x", status="500"))
    assert finding.message == "book 1 sent the same model request 2 times in attempt 1"


def test_asking_several_times_by_design_is_no_finding() -> None:
    passes(ONE, asks("x", "x", "x"))
    passes(ONE, asks("x", "y"))
    only_finding(ONE, asks("x", "x"), asks("x"))
    assert nothing(ONE, Story().close().evidence()) == "no model was called"


def test_retry_by_temporal_is_no_finding() -> None:
    story = killed()
    book = story.activity("book")
    story.model({"ask": 1}, task=book).strike()
    book = story.again(book)
    story.model({"ask": 1}, task=book).complete(book)
    passes(ONE, story.close().evidence(), asks("x"))
    passes(AGAIN, story.close().evidence(), asks("x"))


def test_model_is_called_for_a_completed_activity() -> None:
    story = killed()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book).complete(book).model({"ask": "y"}, task=book)
    finding = only_finding(AGAIN, story.close().evidence(), asks("x"))
    assert finding.message == "the model was called again for book 1, which had completed"


def test_model_is_called_again_outside_any_activity() -> None:
    story = killed()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book).complete(book).strike().model({"ask": "x"})
    only_finding(AGAIN, story.close().evidence(), asks("x"))


def test_calls_of_runs_that_a_schedule_starts_are_not_those_of_the_work_again() -> None:
    def story(*, scheduled: bool) -> Evidence:
        story = Story()
        book = story.activity("book")
        story.model({"ask": "x"}, task=book).complete(book).strike(fault="schedule-skips", restart=False)
        if scheduled:
            story.act("schedule", name="", args=[], workflow_id="agent", failure="")
        return story.model({"ask": "x"}).close().evidence()

    passes(AGAIN, story(scheduled=True), asks("x"))
    assert bill(story(scheduled=True), baselines=[asks("x")]) == Bill(calls=1, tokens=100)
    only_finding(AGAIN, story(scheduled=False), asks("x"))


def test_same_question_of_another_activity_is_no_finding() -> None:
    story = Story()
    for _ in range(2):
        book = story.activity("book")
        story.model({"ask": "x"}, task=book).complete(book)
    passes(AGAIN, story.close().evidence())
    assert nothing(AGAIN, Story().close().evidence()) == "no model was called"


def test_bill() -> None:
    story = killed()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book).strike()
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book)
    evidence = story.close().evidence()
    expected = Bill(calls=2, tokens=200, calls_again=1, again={"an unnamed model": Tokens(100)})
    assert bill(evidence, baselines=[asks("x")]) == expected == bill(evidence)
    assert bill(asks("x", "x"), baselines=[asks("x", "x")]) == Bill(calls=2, tokens=200)


@pytest.mark.parametrize("fault", ["model-429", "model-500-once"])
def test_client_asks_again_after_an_error_that_was_made_up(fault: str) -> None:
    def asked_again(*, in_next_attempt: bool) -> Evidence:
        story = Story()
        book = story.activity("book")
        story.error(book, fault)
        if in_next_attempt:
            book = story.fail(book).again(book)
        return story.model({"ask": "x"}, task=book).complete(book).close().evidence()

    finding = only_finding(ONE, asked_again(in_next_attempt=False), asks("x"))
    assert finding.message == "book 1 sent the same model request 2 times in attempt 1"
    passes(ONE, asked_again(in_next_attempt=True), asks("x"))
    passes(AGAIN, asked_again(in_next_attempt=True), asks("x"))


def test_client_asks_again_after_a_reset_or_a_half_answer() -> None:
    story = Story()
    book = story.activity("book")
    story.no_answer(book).model({"ask": "x"}, task=book).complete(book)
    only_finding(ONE, story.close().evidence(), asks("x"))
    story = Story()
    book = story.activity("book")
    story.half_answer(book, "A quiet lake.").model({"ask": "x"}, task=book).complete(book)
    only_finding(ONE, story.close().evidence(), asks("x"))


def test_two_of_the_same_at_once_are_no_retry() -> None:
    story = Story()
    book = story.activity("book")
    story.no_answer(book).model({"ask": "x"}, task=book).fail(book)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).model({"ask": "x"}, task=book).complete(book)
    passes(ONE, story.close().evidence(), asks("x", "x"))


def test_zombie_may_still_ask() -> None:
    story = Story()
    old = story.activity("book")
    story.strike(fault="pause-worker").start_worker()
    new = story.again(old)
    story.model({"ask": "x"}, task=new).complete(new).model({"ask": "x"}, task=old)
    passes(AGAIN, story.close().evidence(), asks("x"))


def test_unowned_call_that_was_refused_may_be_made_again() -> None:
    story = Story()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book).complete(book)
    story.model({"ask": "x"}, executed=False).drop(injected="model-reset").strike(fault="model-reset")
    story.model({"ask": "x"})
    usual = Story()
    book = usual.activity("book")
    usual.model({"ask": "x"}, task=book).complete(book).model({"ask": "x"})
    passes(AGAIN, story.close().evidence(), usual.close().evidence())


def test_error_that_was_made_up_costs_nothing_and_half_an_answer_does() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-429").fail(book)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book)
    assert bill(story.close().evidence(), baselines=[asks("x")]) == Bill(calls=1, tokens=100)
    story = Story()
    book = story.activity("book")
    story.half_answer(book, "A quiet lake.").fail(book)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book)
    expected = Bill(calls=2, tokens=200, calls_again=1, again={"an unnamed model": Tokens(100)})
    assert bill(story.close().evidence(), baselines=[asks("x")]) == expected
