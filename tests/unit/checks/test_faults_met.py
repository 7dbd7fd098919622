from __future__ import annotations

import pytest

from harness.checks import faults_met
from harness.errors import UsageError

from .build import Story


def test_meeting_says_what_the_model_said() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-429-quota").half_answer(book, "A quiet lake.").no_answer(book)
    quota, half, none = faults_met.faulted_calls(story.evidence())
    assert (quota.status, quota.final, quota.error["code"]) == (429, True, "insufficient_quota")
    assert (half.status, half.final, half.whole is not None) == (0, False, True)
    assert (none.status, none.final, none.whole) == (0, False, None)
    assert [found.fault.name for found in (quota, half, none)] == ["model-429-quota", "model-truncated", "model-reset"]


def test_killed_call_is_no_fault_of_the_model() -> None:
    story = Story()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book, executed=False).drop(injected="kill-worker").strike()
    assert faults_met.faulted_calls(story.evidence()) == []
    assert faults_met.may_fail(story.evidence()) is None


@pytest.mark.parametrize(
    ("cap", "hits", "name"), [(2, 2, "model-500-until-healed"), (3, 2, ""), (0, 2, ""), (1, 1, "")]
)
def test_fault_that_outlasts_the_attempts(cap: int, hits: int, name: str) -> None:
    story = Story()
    book = story.activity("book", retryPolicy={"maximumAttempts": cap})
    for number in range(hits):
        fault = "model-500-until-healed" if hits > 1 else "model-500-once"
        story.error(book, fault, struck=not number).fail(book)
        book = story.again(book) if number + 1 < hits else book
    found = faults_met.may_fail(story.evidence())
    assert (found.name if found else "") == name


def test_another_answer_is_an_answer() -> None:
    story = Story()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book).strike(fault="answer-prose").complete(book)
    evidence = story.close().evidence()
    assert faults_met.faulted_calls(evidence) == []
    assert [
        fault.name for fault in (faults_met.answered_otherwise(evidence), faults_met.may_fail(evidence)) if fault
    ] == [
        "answer-prose",
        "answer-prose",
    ]
    assert faults_met.terminal(evidence) is None


def test_unknown_fault_is_told() -> None:
    story = Story()
    story.act("strike", worker=1, fault="hug-worker", point="somewhere")
    with pytest.raises(UsageError, match="no fault is called 'hug-worker'"):
        faults_met.may_fail(story.evidence())
